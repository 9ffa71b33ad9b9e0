"""The members of a zip archive, wherever it lies. Nothing is unpacked under the name that it has in there."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from ...retrieval.errors import SourceError
from ..files.limits import Limits
from ..files.paths import utf8
from ..files.walk import Missed
from .listed import Listed

_RATIO_FROM = 50_000_000


def open_zip(file: BinaryIO, limits: Limits, name: str) -> zipfile.ZipFile:
    """The archive. Raises SourceError for one that is damaged, too large in all, or a bomb."""
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
        if isinstance(error.__context__, OSError):  # zipfile takes a connection that breaks off for a damaged archive
            raise error.__context__ from None
        raise SourceError(f"{name} is no zip archive, or a damaged one: {error}", permanent=True) from None
    members = archive.infolist()
    if len(members) > limits.max_archive_members:
        raise SourceError(
            f"{name} has {len(members):,} members, more than {limits.max_archive_members:,} "
            "(Limits.max_archive_members)",
            permanent=True,
        )
    # Members that share their compressed bytes make a bomb out of small ones: only the sum shows it.
    total, size = sum(member.file_size for member in members), file.seek(0, 2)
    if total > max(_RATIO_FROM, limits.max_archive_ratio * size):
        raise SourceError(
            f"{name} is a zip bomb: {size:,} bytes become {total:,}, more than {limits.max_archive_ratio:g} times "
            "as many (Limits.max_archive_ratio)",
            permanent=True,
        )
    return archive


def zip_entries(archive: zipfile.ZipFile, inside: str) -> Iterator[Listed | Missed]:
    """The files below the folder `inside`, by name. Of two members with the same name the last counts, as in zip."""
    start = f"{inside}/" if inside else ""
    for name in sorted(archive.NameToInfo):
        member = archive.NameToInfo[name]
        if member.is_dir() or not (name.startswith(start) or name == inside):
            continue
        relative = utf8(name[len(start) :] if name != inside else "")
        parts = relative.split("/")
        if relative and ("" in parts or "." in parts or ".." in parts or "\\" in relative or "\0" in relative):
            yield Missed(relative, "a name that leads out of the archive")
        elif member.flag_bits & 1:
            yield Missed(relative, "encrypted: needs a password")
        else:
            yield Listed(name, relative, member.file_size, f"{member.file_size}-{member.CRC:08x}")


@contextmanager
def member(archive: zipfile.ZipFile, name: str) -> Iterator[BinaryIO]:
    """A member, opened. Raises OSError for whatever is wrong with it, now or while it is read."""
    try:
        with archive.open(name) as file:
            yield cast("BinaryIO", file)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError) as error:
        raise OSError(f"damaged in the archive: {error}") from None
