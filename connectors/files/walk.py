"""Listing a folder: deterministic, without following loops, without what nobody means to index."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from pathspec import GitIgnoreSpec

from ...retrieval.errors import ConfigurationError
from .paths import kind, os_reason

IGNORE_FILES = (".interlinguaignore", ".gitignore")
"""Read in every folder; the first one has the last word."""

_SKIPPED_FOLDERS = {"node_modules", "__pycache__", "venv", "site-packages"}
_MAX_IGNORE_BYTES = 1_000_000
_MAX_WILDCARDS = 3
"""`*` in one segment of a line of an ignore file, and `**` in the line; lines with more are passed over."""


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file: its path, its path below the root, its size and modification time."""

    path: str
    relative: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Missed:
    """An entry that cannot be read, or a folder that cannot be listed."""

    relative: str
    reason: str
    folder: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """What is listed. `include` and `exclude` are in `.gitignore` syntax, relative to the root."""

    include: GitIgnoreSpec | None
    exclude: GitIgnoreSpec | None
    hidden: bool
    ignore_files: bool
    follow_symlinks: bool


@dataclass(frozen=True, slots=True)
class _Folder:
    path: str
    relative: str
    ignores: tuple[tuple[int, GitIgnoreSpec], ...]


def patterns(lines: Sequence[str], *, option: str) -> GitIgnoreSpec | None:
    """Compile `.gitignore` lines given by the caller; None for no lines, ConfigurationError for a wrong one."""
    try:
        return GitIgnoreSpec.from_lines(lines) if lines else None
    except ValueError as error:
        raise ConfigurationError(f"{option} {list(lines)!r}: {error}. Write it as in a .gitignore file.") from error


def walk(root: str, rules: Rules) -> Iterator[Found | Missed]:
    """Everything below `root`, depth first, by the bytes of the names."""
    followed: set[str] = set()
    stack: list[_Folder | Found | Missed] = [_Folder(root, "", ())]
    while stack:  # not recursive: folders can be nested deeper than Python's stack
        item = stack.pop()
        if isinstance(item, _Folder):
            stack.extend(reversed(_children(item, root, rules, followed)))
        else:
            yield item


def _children(folder: _Folder, root: str, rules: Rules, followed: set[str]) -> list[_Folder | Found | Missed]:
    try:
        with os.scandir(folder.path) as listing:
            entries = sorted(listing, key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        return [Missed(folder.relative, f"folder cannot be listed: {os_reason(error)}", folder=True)]
    ignores = folder.ignores + tuple(_ignores(folder, entries) if rules.ignore_files else ())
    inside = _Folder(folder.path, folder.relative, ignores)
    found: list[_Folder | Found | Missed] = []
    for entry in entries:
        if not skipped_by_name(entry.name, hidden=rules.hidden):
            found.extend(_child(entry, inside, root, rules, followed))
    return found


def _child(
    entry: os.DirEntry[str], folder: _Folder, root: str, rules: Rules, followed: set[str]
) -> Iterable[_Folder | Found | Missed]:
    relative = f"{folder.relative}/{entry.name}" if folder.relative else entry.name
    try:
        status = entry.stat()
    except OSError as error:
        reason = "broken link" if entry.is_symlink() else os_reason(error)
        return () if _ignored(relative, folder, rules) else (Missed(relative, reason),)
    is_folder = stat.S_ISDIR(status.st_mode)
    if _ignored(relative + "/" if is_folder else relative, folder, rules):
        return ()
    if not is_folder and rules.include is not None and not rules.include.check_file(relative).include:
        return ()
    if entry.is_symlink():
        refused = _refused_link(entry.path, relative, root, rules, followed)
        if refused is not None:
            return refused
    if is_folder:
        return (_Folder(entry.path, relative, folder.ignores),)
    if not stat.S_ISREG(status.st_mode):
        return (Missed(relative, f"not a file but a {kind(status.st_mode)}"),)
    return (Found(entry.path, relative, status.st_size, status.st_mtime_ns),)


def _refused_link(path: str, relative: str, root: str, rules: Rules, followed: set[str]) -> tuple[Missed, ...] | None:
    """What a symbolic link that is not followed yields; None for one that is.

    A link to something that is listed under its own name anyway adds nothing. A link into a hidden folder does
    (Kubernetes mounts are made so). Every linked folder is entered once, which ends all loops.
    """
    target = os.path.realpath(path)
    real_root = os.path.realpath(root)
    below = os.path.relpath(target, real_root)
    if below == os.curdir:
        return ()
    parts = PurePath(below).parts
    if parts[0] != os.pardir:
        if not any(skipped_by_name(part, hidden=rules.hidden) for part in parts):
            return ()
    elif not rules.follow_symlinks:
        return (Missed(relative, "link that leaves the folder: not followed (follow_symlinks=True does)"),)
    if _contains(target, real_root) or target in followed:
        return ()
    if os.path.isdir(target):  # noqa: PTH112 (paths are plain strings here, for speed)
        followed.add(target)
    return None


def _contains(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def skipped_by_name(name: str, *, hidden: bool) -> bool:
    """Whether a file or folder of this name is one that nobody means to index; `hidden` takes in dot files."""
    if hidden:
        return name in (".git", ".hg", ".svn", ".interlingua") or name in _SKIPPED_FOLDERS
    return name.startswith((".", "~$")) or name in _SKIPPED_FOLDERS


def _ignored(relative: str, folder: _Folder, rules: Rules) -> bool:
    """Whether an exclude or the nearest ignore file that mentions `relative` (folders end in "/") drops it."""
    if rules.exclude is not None:
        dropped = rules.exclude.check_file(relative).include
        if dropped is not None:
            return dropped
    for base, spec in reversed(folder.ignores):
        dropped = spec.check_file(relative[base:]).include
        if dropped is not None:
            return dropped
    return False


def _ignores(folder: _Folder, entries: Iterable[os.DirEntry[str]]) -> Iterator[tuple[int, GitIgnoreSpec]]:
    """The ignore files of a folder, weakest first, each with the length of the prefix to cut off a path."""
    files = {entry.name: entry.path for entry in entries if entry.name in IGNORE_FILES and entry.is_file()}
    base = len(folder.relative) + 1 if folder.relative else 0
    for name in reversed(IGNORE_FILES):
        if name in files:
            try:
                with open(files[name], "rb") as file:  # noqa: PTH123 (paths are plain strings here, for speed)
                    lines = os.fsdecode(file.read(_MAX_IGNORE_BYTES)).splitlines()
            except OSError:
                continue  # the walk yields what cannot be read; an ignore file is not a document
            yield base, GitIgnoreSpec.from_lines(filter(_valid, lines))


def _valid(line: str) -> bool:
    # Matching takes time by the name's length to the power of the wildcards: *a*a*a*a*a*a*a*a*c would take years.
    segments = line.strip().split("/")
    stars = max(0 if segment == "**" else segment.count("*") for segment in segments)
    if max(stars, segments.count("**")) > _MAX_WILDCARDS:
        return False
    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False  # git too passes over a pattern that it cannot read
    return True
