"""The content of a file in a commit, as a file on this machine."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO

from ...retrieval.errors import SourceError
from ..files.content import UnreadableError
from .client import Git
from .trees import Blob

_LFS = b"version https://git-lfs.github.com/spec/"
_LFS_BYTES = 1024


@contextmanager
def written(git: Git, blob: Blob) -> Iterator[str]:
    """The path of a copy of a file. Raises OSError, or UnreadableError for a pointer of Git LFS."""
    with tempfile.NamedTemporaryFile(prefix="interlingua-") as file:
        _fill(git, blob, file)
        yield file.name


@contextmanager
def opened(git: Git, blob: Blob) -> Iterator[BinaryIO]:
    """A copy of a file, opened. Raises as `written` does."""
    with tempfile.TemporaryFile(prefix="interlingua-") as file:
        _fill(git, blob, file)
        file.seek(0)
        yield file


def _fill(git: Git, blob: Blob, file: IO[bytes]) -> None:
    try:
        git.write(blob.id, file)
    except SourceError as error:  # of one file: a damaged object, or a cache that is gone
        raise OSError(str(error)) from None
    if blob.size < _LFS_BYTES:
        file.seek(0)
        if file.read(len(_LFS)) == _LFS:
            raise UnreadableError("a Git LFS pointer: the file itself is not in the repository")
