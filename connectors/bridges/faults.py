"""What a loader raised, in words that hold no secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..remote.faults import Secrets

_LOGIN = re.compile(r"(?<=://)[^/@\s]+@")
_QUERY = re.compile(r"(\w://[^\s?'\"]*\?)[^\s'\"]+")


def reason(error: Exception, arguments: Mapping[str, Any]) -> str:
    """What went wrong, without the arguments, and without the logins and queries of URLs."""
    text = _QUERY.sub(r"\1***", _LOGIN.sub("***@", str(error)))
    text = Secrets(arguments).without(text)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
