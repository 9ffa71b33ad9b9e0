"""The file system of fsspec for an address, with bounded times and without caches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...retrieval.errors import ConfigurationError, MissingExtraError
from .address import WEB, Address
from .redirects import Place, staying

_PACKAGES = {
    "s3": ("s3fs", "s3"),
    "gs": ("gcsfs", "gcs"),
    "az": ("adlfs", "azure"),
    "abfs": ("adlfs", "azure"),
    "abfss": ("adlfs", "azure"),
    "adl": ("adlfs", "azure"),
    "http": ("aiohttp", "remote"),
    "https": ("aiohttp", "remote"),
}
_TIMES: dict[str, dict[str, Any]] = {
    "s3": {"config_kwargs": {"connect_timeout": 10, "read_timeout": 60, "retries": {"max_attempts": 3}}},
    "sftp": {"timeout": 20, "banner_timeout": 20, "auth_timeout": 20},
    "ftp": {"timeout": 30},
}
"""Seconds to wait, where the library would wait for longer or for ever."""
_SFTP_SECONDS = 60
_CACHING = ("s3", "gs", "az", "abfs", "abfss", "adl", "http", "https")


def file_system(address: Address, options: Mapping[str, Any], redirect_to: frozenset[Place]) -> Any:
    """The file system, connected where its kind connects at once.

    A web server may redirect to itself and to `redirect_to`.

    Raises MissingExtraError, ConfigurationError for a kind or an option that does not exist, and whatever its library
    does when it cannot connect.
    """
    try:
        import fsspec
    except ImportError:
        raise MissingExtraError("fsspec", "remote") from None
    scheme = {"s3a": "s3", "gcs": "gs", "ssh": "sftp"}.get(address.scheme, address.scheme)
    try:
        kind = fsspec.get_filesystem_class(scheme)
    except ImportError:
        if scheme in _PACKAGES:
            raise MissingExtraError(*_PACKAGES[scheme]) from None
        hint = "pip install paramiko" if scheme == "sftp" else f"see the documentation of fsspec for {scheme}"
        raise ConfigurationError(f"the library for {scheme}:// is not installed: {hint}.") from None
    except ValueError:
        raise ConfigurationError(
            f"no file system reads {scheme}://. The documentation of fsspec has those that do."
        ) from None
    # A file system that is kept for the next caller would keep its secrets, its connection and old listings with it.
    given = {**_TIMES.get(scheme, {}), **kind._get_kwargs_from_urls(address.url), **options}
    if scheme in _CACHING:
        given["use_listings_cache"] = False
    if scheme in WEB:
        client = dict(given.get("client_kwargs") or {})
        client["middlewares"] = (*client.get("middlewares", ()), staying(address.url, redirect_to))
        given["client_kwargs"] = client
    fs = kind(**given, skip_instance_cache=True)
    if scheme == "sftp":
        fs.ftp.get_channel().settimeout(_SFTP_SECONDS)
    return fs
