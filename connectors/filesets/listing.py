"""The files that paths and patterns stand for."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from ...retrieval.errors import ConfigurationError, SourceError
from ..files.paths import has_changed, kind, os_reason, utf8

_MAGIC = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file: where it is, the name that ids begin with, and its size and modification time."""

    path: str
    name: str
    size: int
    mtime_ns: int

    @property
    def revision(self) -> str:
        """Changes whenever the file does."""
        return f"{self.size}-{self.mtime_ns}"

    def changed(self) -> bool:
        """Whether it is no longer what was listed: asked after reading, since its writer may have been at work."""
        return has_changed(self.path, self.size, self.mtime_ns)


Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
"""What a user names: a file, a folder or a pattern, or several of them."""


def as_paths(paths: Paths, *, example: str) -> list[str]:
    """`paths` as texts. Raises ConfigurationError, with the example, when there are none."""
    given = [paths] if isinstance(paths, str | os.PathLike) else [*paths]
    if not given:
        raise ConfigurationError(f"paths is empty. Name {example}.")
    return [str(path) for path in given]


def source_name(kind: str, name: str | None, paths: Sequence[str]) -> str:
    """The kind, a colon, and the name or the absolute paths as they were given."""
    given = ",".join(os.path.normpath(Path(path).absolute()) for path in paths)
    return f"{kind}:{given if name is None else name}"


def list_files(paths: Sequence[str], *, name: str | None, suffixes: Sequence[str]) -> list[SourceFile]:
    """The files that `paths` stand for, each once, by their names.

    A path is a file, a pattern (`*`, `?` and `[…]` within a name, `**` for any folders), or a folder, which stands for
    all below it that end in one of `suffixes`. Names are absolute paths, or `name/` and the path below the folder or
    before the first wildcard. Raises SourceError for what is not there, cannot be listed or matches nothing.
    """
    found: dict[str, SourceFile] = {}
    for given in paths:
        matches = 0
        for path, relative in _matching(os.path.normpath(Path(given).absolute()), suffixes):
            matches += 1
            file = _source_file(path, utf8(path) if name is None else f"{name}/{utf8(relative)}")
            other = found.setdefault(file.name, file).path
            if other != path:
                raise ConfigurationError(
                    f"two files are called {file.name}: {utf8(other)} and {utf8(path)}. Leave `name` out, or give one "
                    "pattern that begins above both."
                )
        if not matches:
            raise SourceError(f"no file matches {given}. Check the path, and that what it lies on is mounted.")
    return [found[key] for key in sorted(found)]


def _source_file(path: str, name: str) -> SourceFile:
    try:
        status = Path(path).stat()
    except OSError as error:
        raise SourceError(f"cannot read {utf8(path)}: {os_reason(error)}") from error
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(f"cannot read {utf8(path)}: not a file but a {kind(status.st_mode)}", permanent=True)
    return SourceFile(path, name, status.st_size, status.st_mtime_ns)


def _matching(path: str, suffixes: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Paths, each with its part below the folder that the search began in."""
    parts = Path(path).parts
    literal = next((place for place, part in enumerate(parts) if _MAGIC & set(part)), len(parts))
    if os.path.isdir(path):  # noqa: PTH112 (paths are plain strings here: they need not be UTF-8)
        yield from ((found, os.path.relpath(found, path)) for found in _below(path, ["**"], suffixes))
    elif literal == len(parts) or os.path.lexists(path):
        yield path, parts[-1]
    else:
        folder = str(Path(*parts[:literal]))
        yield from ((found, os.path.relpath(found, folder)) for found in _below(folder, parts[literal:], ()))


def _below(folder: str, parts: Sequence[str], suffixes: Sequence[str]) -> Iterator[str]:
    part, rest = parts[0], parts[1:]
    if part == "**" and rest:
        yield from _below(folder, rest, suffixes)
    for entry in _entries(folder):
        if entry.name.startswith(".") and not part.startswith("."):
            continue
        if part == "**":
            if entry.is_dir(follow_symlinks=False):  # a link could lead back up
                yield from _below(entry.path, parts, suffixes)
            elif not rest and (not suffixes or entry.name.lower().endswith(tuple(suffixes))) and entry.is_file():
                yield entry.path
        elif fnmatchcase(entry.name, part):
            if rest and entry.is_dir():
                yield from _below(entry.path, rest, suffixes)
            elif not rest and not entry.is_dir():
                yield entry.path


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as listing:
            return sorted(listing, key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        # Files that are not listed would count as deleted.
        raise SourceError(f"cannot list {utf8(folder)}: {os_reason(error)}") from error
