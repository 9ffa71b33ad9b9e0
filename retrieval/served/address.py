"""The address of a server, as people write it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from ..errors import ConfigurationError
from ..hosts import is_loopback

_ENDPOINT = re.compile(r"/(models/embed|models/rerank|chat/completions|embed|embeddings|rerank)$")
_VERSION = re.compile(r"/v\d+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A URL taken apart. `name` has neither user info nor a slash at its end, and is what messages show."""

    name: str
    host: str
    user: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> Address:
        """`url` taken apart.

        Raises:
            ConfigurationError: it is none, or has a query or a fragment. The message does not repeat it.
        """
        try:
            parts = urlsplit(url.strip())
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise ConfigurationError("The address of a server cannot be read: host or port is wrong.") from error
        if parts.scheme not in ("http", "https") or not host or re.search(r"\s", host) or parts.query or parts.fragment:
            raise ConfigurationError(
                "The address of a server looks like http://HOST:PORT or https://HOST/v1, without ? and #."
            )
        where = f"[{host}]" if ":" in host else host
        return cls(
            name=f"{parts.scheme}://{where}{'' if port is None else f':{port}'}{parts.path.rstrip('/')}",
            host=host,
            user=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
        )

    @property
    def login(self) -> tuple[str, str] | None:
        """User name and password for basic authentication."""
        return None if self.user is None else (self.user, self.password or "")

    @property
    def is_loopback(self) -> bool:
        """Whether the server runs on this machine."""
        return is_loopback(self.host)


def split_version(url: str) -> tuple[str, str | None]:
    """`url` without its endpoint and version, and the version as a path.

    `http://host/v1` and `http://host/v1/embeddings` give "/v1", `http://host/embeddings` gives "" (the endpoint stands
    at the root), `http://host` gives None: not said.
    """
    base = url.strip().rstrip("/")
    shorter = _ENDPOINT.sub("", base)
    version = _VERSION.search(shorter)
    if version:
        return shorter[: version.start()], version[0]
    return shorter, None if shorter == base else ""
