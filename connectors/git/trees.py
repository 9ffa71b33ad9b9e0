"""The files of a commit, and what differs between two."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from .client import Git

_PASSED_OVER = ("120000", "160000", "000000")
"""Modes of what holds no text: symbolic links, submodules, nothing. Not skipped: what was a file there is gone."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A file in a tree: its path, its id, its size in bytes."""

    path: str
    id: str
    size: int


@dataclass(frozen=True, slots=True)
class Change:
    """What differs at a path: the file before, the file now; None where there is none."""

    path: str
    before: Blob | None
    after: Blob | None


def files(git: Git, tree: str) -> Iterator[Blob]:
    """Every file of a tree, in the order of the bytes of the paths, as git has them; no links and no submodules."""
    for line in git.lines("ls-tree", "-r", "-l", "-z", tree):
        facts, _, path = line.partition(b"\t")
        mode, _, name, size = facts.decode("ascii").split()
        if mode not in _PASSED_OVER:
            yield Blob(os.fsdecode(path), name, int(size) if size.isdigit() else 0)


_TOGETHER = 1000
"""Changes whose sizes are asked for at once."""


def differences(git: Git, before: str, after: str) -> Iterator[Change]:
    """What differs between two trees; a file that was renamed is one that is gone and one that is new."""
    parts = git.lines("diff-tree", "-r", "-z", "--raw", "--no-renames", before, after)
    pairs = zip(parts, parts, strict=True)
    while together := list(islice(pairs, _TOGETHER)):
        raw = [(os.fsdecode(path), facts.decode("ascii").removeprefix(":").split()) for facts, path in together]
        sizes = _sizes(git, [name for _, (*_, old, new, _) in raw for name in (old, new)])
        for path, (old_mode, new_mode, old, new, _) in raw:
            change = Change(path, _side(path, old_mode, old, sizes), _side(path, new_mode, new, sizes))
            if change.before is not None or change.after is not None:
                yield change


def _sizes(git: Git, names: list[str]) -> dict[str, int]:
    """Bytes of each object that is here and is a file."""
    answer = git.output("cat-file", "--batch-check", given="".join(f"{name}\n" for name in names).encode())
    rows = (line.split() for line in answer.decode().splitlines())
    return {row[0]: int(row[2]) for row in rows if len(row) == 3 and row[1] == "blob"}


def _side(path: str, mode: str, name: str, sizes: dict[str, int]) -> Blob | None:
    return None if mode in _PASSED_OVER else Blob(path, name, sizes.get(name, 0))
