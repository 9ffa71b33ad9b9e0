"""The URL of a place where files lie, and its name without secrets."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from ...retrieval.errors import ConfigurationError

_BUCKETS = ("s3", "s3a")
WEB = ("http", "https")
_SAME = {"s3a": "s3", "gcs": "gs", "ssh": "sftp"}
_WITH_USER = ("sftp", "ssh", "ftp", "http", "https", "smb", "webhdfs", "hdfs")
"""Schemes with `user@host`: the user is no part of what a file is called. (In `abfs://container@account` it is.)"""
_WITH_CONTAINER = ("abfs", "abfss")
_LOCAL = ("", "file", "local")
_CHAIN = "::"
_INSTEAD = "Leave it away, and give what it says as options={…}, in interlingua.toml from the environment (env:NAME)."


@dataclass(frozen=True, slots=True)
class Address:
    """Where files lie: the URL for fsspec, the scheme, the canonical name, and the folder in a zip archive at the URL.

    `inside` is None where the URL is not an archive that is looked into. `name` is what ids begin with.
    """

    url: str
    scheme: str
    name: str
    inside: str | None

    @property
    def bucket(self) -> bool:
        """Whether it is S3, which is listed by keys and not by folders."""
        return self.scheme in _BUCKETS

    @property
    def web(self) -> bool:
        """Whether it is a web server, whose folders are pages with links."""
        return self.scheme in WEB and self.inside is None


def address(url: str) -> Address:
    """Take a URL apart. Raises ConfigurationError for one that cannot be read, or that holds a password."""
    head, chained, rest = url.partition(_CHAIN)
    if not chained:
        return _plain(url)
    scheme, _, folder = head.partition("://")
    if scheme != "zip" or _CHAIN in rest:
        raise ConfigurationError(
            f"a chain that begins with {scheme!r} is not read. Write zip://FOLDER::URL for what is in a zip archive."
        )
    archive = _plain(rest, local=True)
    inside = folder.strip("/")
    name = f"zip::{archive.name}/{inside}".rstrip("/")
    return Address(archive.url, archive.scheme, name, inside)


def _plain(url: str, *, local: bool = False) -> Address:
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower() if separator else ""
    if scheme in _LOCAL:
        if not local:
            raise ConfigurationError("RemoteConnector reads what is elsewhere. A folder here is FilesConnector(PATH).")
        path = rest if separator else url
        return Address(path, "file", f"file://{path.rstrip('/')}", None)
    if not rest.strip("/"):
        raise ConfigurationError(f"{scheme}:// names no place. Write it as in s3://BUCKET/FOLDER.")
    if scheme in _WITH_USER:
        return _with_host(url, scheme)
    login, at, _ = rest.partition("/")[0].rpartition("@")
    if at and (scheme not in _WITH_CONTAINER or ":" in login):
        raise ConfigurationError(f"the {scheme} URL holds a user or a password. {_INSTEAD}")
    if "?" in rest:
        raise ConfigurationError(f"the {scheme} URL has a query, which may hold a secret. {_INSTEAD}")
    return Address(url, scheme, f"{_SAME.get(scheme, scheme)}://{rest.strip('/')}", None)


def _with_host(url: str, scheme: str) -> Address:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigurationError(f"the {scheme} URL cannot be read. Write it as in {scheme}://HOST/FOLDER.") from None
    if parts.password is not None:
        raise ConfigurationError(f"the {scheme} URL holds a password. Give it as options={{'password': …}} instead.")
    if parts.query or parts.fragment:
        raise ConfigurationError(
            f"the {scheme} URL of {host} has a query or a fragment, which may hold a secret and names no file. "
            "Leave it away, or take the connector of web pages."
        )
    place = f"[{host}]" if ":" in host else host
    place = f"{place}:{port}" if port is not None else place
    return Address(url, scheme, f"{_SAME.get(scheme, scheme)}://{place}{parts.path.rstrip('/')}", None)
