"""What has changed in a set of files, with checkpoints on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from ...retrieval.errors import CursorLostError
from ...retrieval.types import Checkpoint, Document, Gone, Pending, Skip
from ..files.content import UnreadableError
from ..files.paths import CHANGED, open_regular, os_reason
from .cursor import MAX_FILES, Cursor, decode, digests_of, settings_digest
from .listing import SourceFile, list_files


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file, in the words of its reader (JSON): all that came before it is covered."""

    place: Any


Item: TypeAlias = Document | Pending | Skip
Reader: TypeAlias = Callable[[SourceFile, Any], Iterator[Item | Mark]]
"""What a file holds from a place on (None: from its beginning). Raises UnreadableError or OSError where the file, and
only it, cannot be read (on), and SourceError where the whole source is in doubt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fileset:
    """Files that hold many documents each.

    `contained`: ids begin with the name of their file and `#`, so that a file that goes takes its documents along;
    otherwise everything is listed again to find out what is gone. `settings`: whatever changes what is read of them.
    `choose`: which of the files that match are read, in their order.
    """

    paths: Sequence[str]
    name: str | None
    suffixes: Sequence[str]
    contained: bool
    settings: Mapping[str, Any]
    read: Reader
    choose: Callable[[Sequence[SourceFile]], list[SourceFile]] = list

    def items(self) -> Iterator[Item]:
        """All that the files hold."""
        for item in self.changes(None):
            if not isinstance(item, Checkpoint | Gone):
                yield item

    def changes(self, since: str | None) -> Iterator[Item | Gone | Checkpoint]:
        """As `Incremental.changes`: new files are read, a file that changed has everything listed again."""
        files = self.choose(list_files(self.paths, name=self.name, suffixes=self.suffixes))
        settings = settings_digest(self.settings)
        cursor = decode(since, settings) if since is not None else Cursor(settings=settings, listed=False, before="")
        if cursor.listed:
            yield from self._changed(files, cursor)
        else:
            yield from self._listed(files, cursor, begin=_begin(files, cursor) if since is not None else 0)

    def _listed(self, files: list[SourceFile], cursor: Cursor, *, begin: int) -> Iterator[Item | Gone | Checkpoint]:
        broken = dict(cursor.broken)
        yield from _skips(broken)  # of a listing that goes on
        place = cursor.at[2] if cursor.at is not None else None
        digests = digests_of(files)
        for index, file in enumerate(files[begin:], start=begin):
            state = Cursor(settings=cursor.settings, listed=False, before=digests[index], broken=broken)
            if index > begin:
                place = None
                yield _checkpoint(state, file, None)
            for item in _guarded(self.read, file, place, broken):
                yield _checkpoint(state, file, item.place) if isinstance(item, Mark) else item
        yield Checkpoint(cursor=_end(cursor.settings, files, broken).encode())

    def _changed(self, files: list[SourceFile], cursor: Cursor) -> Iterator[Item | Gone | Checkpoint]:
        broken = dict(cursor.broken)
        if cursor.files is None:
            if digests_of(files)[-1] != cursor.before:
                raise CursorLostError("files have changed: everything is listed again")
            known = {file.name: file.revision for file in files}
        else:
            known = dict(cursor.files)
        present = {file.name: file for file in files}
        self._check(present, known, cursor)
        for name in sorted(set(known) - set(present)):
            yield Gone(id=f"{name}#", prefix=True)
            del known[name]
            broken.pop(name, None)
        yield from _skips(broken)
        state = replace(cursor, files=known, broken=broken, at=None)
        for file in (file for file in files if file.name not in known):
            place = cursor.at[2] if cursor.at is not None and cursor.at[0] == file.name else None
            for item in _guarded(self.read, file, place, broken):
                yield _checkpoint(state, file, item.place) if isinstance(item, Mark) else item
            known[file.name] = file.revision
            yield Checkpoint(cursor=state.encode())
        yield Checkpoint(cursor=_end(cursor.settings, files, broken).encode())

    def _check(self, present: Mapping[str, SourceFile], known: Mapping[str, str], cursor: Cursor) -> None:
        """Raise CursorLostError where only a full listing tells what is gone."""
        changed = [name for name, revision in known.items() if name in present and present[name].revision != revision]
        if cursor.at is not None and (cursor.at[0] not in present or present[cursor.at[0]].revision != cursor.at[1]):
            changed.append(cursor.at[0])
        changed += [
            name for name, (kind, _) in cursor.broken.items() if name in present and _mended(present[name], kind)
        ]
        if not self.contained:
            changed += set(known) - set(present)
        if changed:
            others = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
            raise CursorLostError(f"{min(changed)}{others} changed: everything is listed again")


def _guarded(read: Reader, file: SourceFile, place: Any, broken: dict[str, tuple[str, str]]) -> Iterator[Item | Mark]:
    """What a file holds; where it breaks off, a Skip for all of it."""
    try:
        yield from read(file, place)
        if file.changed():
            raise UnreadableError(CHANGED)
    except UnreadableError as error:
        broken[file.name] = ("content", str(error))
    except OSError as error:
        broken[file.name] = ("access", os_reason(error))
    if file.name in broken:
        yield from _skips({file.name: broken[file.name]})


def _skips(broken: Mapping[str, tuple[str, str]]) -> Iterator[Skip]:
    for name, (_, reason) in sorted(broken.items()):
        yield Skip(id=f"{name}#", reason=reason, prefix=True)


def _checkpoint(state: Cursor, file: SourceFile, place: Any) -> Checkpoint:
    return Checkpoint(cursor=replace(state, at=(file.name, file.revision, place)).encode())


def _begin(files: Sequence[SourceFile], cursor: Cursor) -> int:
    """The file that a listing goes on with. Raises CursorLostError where what was read is no longer what is there."""
    if cursor.at is not None:
        for index, (file, before) in enumerate(zip(files, digests_of(files), strict=False)):
            if (file.name, file.revision) == cursor.at[:2] and before == cursor.before:
                return index
    raise CursorLostError("files have changed since the listing broke off: everything is listed again")


def _end(settings: str, files: Sequence[SourceFile], broken: Mapping[str, tuple[str, str]]) -> Cursor:
    known = {file.name: file.revision for file in files} if len(files) <= MAX_FILES else None
    return Cursor(settings=settings, listed=True, before=digests_of(files)[-1], files=known, broken=broken)


def _mended(file: SourceFile, kind: str) -> bool:
    """Whether a file that could not be opened now can; one whose content is damaged shows it by its revision."""
    if kind != "access":
        return False
    try:
        with open_regular(file.path) as stream:
            stream.read(1)
    except (OSError, UnreadableError):
        return False
    return True
