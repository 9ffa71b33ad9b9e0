"""The URL of a repository, checked before git sees it, and its name without secrets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ...retrieval.errors import ConfigurationError

_SCP = re.compile(r"(?:[\w.-]+@)?([\w.-]+):(?!//)(.+)")
_LOGIN = re.compile(r"[^/@:]*:.*@.*", re.DOTALL)
"""`user:password@host`; a path on this machine that looks like it is taken for one where it is there."""
_REMOTE = ("https", "http", "ssh")
_HOLDS_LOGIN = (
    "the URL of the repository holds a user or a password. Write it as https://HOST/REPOSITORY and give token=, or for "
    "ssh as git@HOST:REPOSITORY and give ssh_key=."
)
_REF = re.compile(r"[\w][\w./+@#=-]*")


@dataclass(frozen=True, slots=True)
class Repository:
    """Where a repository is: the URL for git, the protocol, and what it is called, however it is reached."""

    url: str
    protocol: str
    name: str


def repository(url: str) -> Repository:
    """Take a URL or a path apart.

    Raises ConfigurationError for one with a password, and for whatever git would take for an option or a command.
    """
    if not url or url.startswith("-") or "::" in url or not url.isprintable():
        raise ConfigurationError("the URL of a git repository begins with https://, ssh:// or file://, or is a path.")
    scheme, separator, rest = url.partition("://")
    place = rest.partition("/")[0] if separator else url
    if _LOGIN.fullmatch(place) and (separator or not Path(url).exists()):
        raise ConfigurationError(_HOLDS_LOGIN)
    if separator:
        if scheme == "file":
            return _local(rest)
        if scheme not in _REMOTE:
            raise ConfigurationError(
                f"git repositories are not read through {scheme}://, but through https:// or ssh://."
            )
        return _remote(url, scheme)
    if (match := _SCP.fullmatch(url)) and not Path(url).exists():
        host, path = match.groups()
        return _named(url, "ssh", host, path)
    return _local(url)


def ref(branch: str | None) -> str:
    """What to fetch. Raises ConfigurationError for what is no name of a branch, a tag or a commit."""
    if branch is None:
        return "HEAD"
    if not _REF.fullmatch(branch) or ".." in branch:
        raise ConfigurationError(f"branch={branch!r} is no name of a branch or a tag.")
    return branch


def _local(path: str) -> Repository:
    absolute = Path(path).absolute().as_posix()
    return Repository(f"file://{absolute}", "file", absolute)


def _remote(url: str, scheme: str) -> Repository:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigurationError(f"the {scheme} URL of the repository cannot be read.") from None
    if parts.password is not None or (parts.username and scheme != "ssh"):
        raise ConfigurationError(_HOLDS_LOGIN)
    if parts.query or parts.fragment:
        raise ConfigurationError("the URL of the repository has a query or a fragment, which names no repository.")
    return _named(url, scheme, f"{host}:{port}" if port else host, parts.path)


def _named(url: str, protocol: str, host: str, path: str) -> Repository:
    # By https and by ssh it is the same repository, with the same documents.
    if not host or host.startswith("-"):
        raise ConfigurationError("the URL of the repository has no host.")
    return Repository(url, protocol, f"{host}/{path.strip('/').removesuffix('.git')}")
