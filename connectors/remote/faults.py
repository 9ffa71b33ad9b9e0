"""What a failure of a remote file system means, in words that hold no secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ...retrieval.errors import InterlinguaError, SourceError
from ..web.waiting import retry_after
from .redirects import RedirectError

_REFUSED = {
    "AuthenticationException",  # paramiko
    "BadHostKeyException",
    "ClientAuthenticationError",  # azure
    "DefaultCredentialsError",  # google
    "NoCredentialsError",  # botocore
    "ParamValidationError",
    "ProfileNotFound",
    "RefreshError",
}
_MISCONFIGURED = (22, 78)  # s3fs: EINVAL for a malformed request, EREMCHG for a bucket of another region
_HARMLESS = {"account_name", "endpoint_url", "host", "project", "region_name", "user", "username"}
"""Options that help to understand a message and are no secrets."""
_BUSY = (429, 503)
_LONGEST = 300
_SHORTEST_SECRET = 4


class Secrets:
    """The options of a file system, any value of which may be a secret."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        # The longest first, since one may be part of another.
        self._values = sorted(set(_texts(options)), key=len, reverse=True)

    def without(self, text: str) -> str:
        """`text` in one line, with every value of the options taken out."""
        for value in self._values:
            text = text.replace(value, "***")
        return " ".join(text.split())[:_LONGEST]

    def reason(self, error: BaseException) -> str:
        """What went wrong, for a message."""
        error = underlying(error)
        text = self.without(str(error))
        if isinstance(error, FileNotFoundError):
            return f"not found ({text})" if text else "not found"
        return f"{type(error).__name__}: {text}" if text else type(error).__name__

    @contextmanager
    def told(self, name: str) -> Iterator[None]:
        """Raise SourceError for whatever goes wrong in the block: `name`, a place without secrets, cannot be listed."""
        try:
            yield
        except InterlinguaError:
            raise
        except Exception as error:  # file systems raise what their libraries do, of which there are dozens
            # "from None": the error of the library may hold the secret.
            failure = underlying(error)
            raise SourceError(
                f"cannot list {name}: {self.reason(failure)}", retry_after=asked(failure), permanent=permanent(failure)
            ) from None


def underlying(error: BaseException) -> BaseException:
    """What went wrong where fsspec says "not found" for whatever happens when a web server is asked for a file."""
    cause = error.__cause__
    if not isinstance(error, FileNotFoundError) or getattr(cause, "status", None) in (404, 410):
        return error
    known = isinstance(cause, RedirectError | TimeoutError) or type(cause).__module__.partition(".")[0] == "aiohttp"
    return cause if cause is not None and known else error


def asked(error: BaseException) -> float | None:
    """Seconds that a busy web server asks to wait, None where it does not say."""
    headers = getattr(error, "headers", None)
    return retry_after(headers) if headers and getattr(error, "status", None) in _BUSY else None


def permanent(error: BaseException) -> bool:
    """Whether trying again will not help: what is refused, missing or wrongly configured."""
    if isinstance(error, FileNotFoundError | NotADirectoryError | PermissionError | ValueError | TypeError):
        return True
    if type(error).__name__ in _REFUSED or getattr(error, "status", None) in (401, 403, 404):
        return True
    return isinstance(error, OSError) and error.errno in _MISCONFIGURED


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key not in _HARMLESS or "@" in str(item):  # http://user:password@proxy
                yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str) and len(value) >= _SHORTEST_SECRET:
        yield value
