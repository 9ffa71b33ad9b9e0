"""The keys of the tests' servers, their events as values, and the types of the fixtures that start them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from server_process import Process
from starlette.testclient import TestClient

Make = Callable[..., TestClient]
"""Starts a server in this process; options are the settings."""
Start = Callable[..., Process]
"""Starts one in a process of its own."""

KEYS: dict[str, tuple[list[str], dict[str, Any] | None, str]] = {
    "acme": (["read", "write"], {"tenant": "acme"}, "acme/"),
    "globex": (["read", "write"], {"tenant": "globex"}, "globex/"),
    "reader": (["read"], {"tenant": "acme"}, ""),
    "boss": (["admin"], None, ""),
}


def events(text: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Server-sent events: (id, name, data)."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append((fields["id"], fields["event"], json.loads(fields["data"])))
    return found
