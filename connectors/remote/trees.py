"""Listing a file system folder by folder: SFTP, HTTP, Google Cloud Storage, Azure, memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from ...retrieval.errors import SourceError
from ..files.paths import utf8
from ..files.walk import Missed
from .faults import asked, underlying
from .listed import Listed, revision, size_of
from .redirects import RedirectError

_DEEPEST = 100
_LINKS = ("mailto:", "javascript:", "data:", "tel:")


def tree_entries(
    fs: Any, root: str, *, enters: Callable[[str], bool], lock: AbstractContextManager[Any], web: bool
) -> Iterator[Listed | Missed]:
    """Every file below `root`, depth first, by name; `enters` says of a folder's path below the root if it is listed.

    `web` says that a listing is a page with links. A folder that may not be read is Missed; any other failure comes
    through as it is.
    """
    with lock:
        info = {"type": "directory"} if web and root.endswith("/") else fs.info(root)
    if info["type"] == "file":
        yield _listed(root, "", info)
        return
    stack: list[tuple[str, str]] = [(root, "")]
    while stack:  # not recursive: folders can be nested deeper than Python's stack
        path, below = stack.pop()
        try:
            with lock:
                infos = fs.ls(path, detail=True)
        except PermissionError:
            if not below:
                raise
            yield Missed(below, "folder may not be listed", folder=True)
            continue
        except FileNotFoundError as error:
            if not web or str(error) == path:
                if not below:
                    raise
                continue  # gone since its parent was listed
            infos = []  # fsspec asks for a page without links once more, without the slash
        except RedirectError as error:
            if not below:
                raise
            yield Missed(below, str(error), folder=True)
            continue
        folders: list[tuple[str, str]] = []
        empty = True
        for entry in _children(fs, path, below, infos, lock, web):
            empty = False
            if isinstance(entry, tuple):
                if enters(entry[1]):
                    folders.append(entry)
            else:
                yield entry
        stack.extend(reversed(folders))
        if web and empty:
            # A page that says "back soon" has no links either: that is no empty folder.
            if not below:
                raise SourceError("the page at its root has no links to files below it")
            yield Missed(below, "the page of this folder has no links to files below it", folder=True)


def _children(
    fs: Any, path: str, below: str, infos: list[dict[str, Any]], lock: AbstractContextManager[Any], web: bool
) -> Iterator[Listed | Missed | tuple[str, str]]:
    """What is in a folder, files as they are and folders as (path, path below the root), in the order of names."""
    start = path.rstrip("/") + "/" if path.strip("/") else path
    for info in sorted(infos, key=lambda info: str(info["name"])):
        whole = str(info["name"])
        name = whole.removeprefix(start).strip("/")
        if not name or (web and _is_no_file(name)):
            continue  # the folder itself, which some file systems list; a link to elsewhere
        relative = utf8(f"{below}/{name}" if below else name)
        if "/" in name or name in (".", ".."):
            yield Missed(relative, "a name that leads out of its folder")
        elif info["type"] == "directory":
            if relative.count("/") >= _DEEPEST:
                yield Missed(relative, f"more than {_DEEPEST} folders deep", folder=True)
            else:
                yield whole, relative
        elif info["type"] != "file":
            yield Missed(relative, f"not a file but a {info['type']}")
        else:
            yield _known(fs, whole, relative, info, lock)


def _known(
    fs: Any, path: str, relative: str, info: dict[str, Any], lock: AbstractContextManager[Any]
) -> Listed | Missed:
    """The file, asked for one by one where the listing has names only (HTTP)."""
    if size_of(info) is not None:
        return _listed(path, relative, info)
    try:
        with lock:
            return _listed(path, relative, fs.info(path))
    except (FileNotFoundError, PermissionError) as error:
        failure = underlying(error)
        if asked(failure) is not None or getattr(failure, "status", None) == 429:
            raise  # so many requests are too many for the server: the next one would not help
        told = isinstance(failure, RedirectError)
        return Missed(relative, str(failure) if told else "listed, but not there or not to be read")


def _listed(path: str, relative: str, info: dict[str, Any]) -> Listed:
    size = size_of(info)
    return Listed(path, relative, size, revision(info, size))


def _is_no_file(name: str) -> bool:
    return name.startswith(_LINKS) or "?" in name or "#" in name or ".." in name.split("/")
