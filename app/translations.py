"""Which versions a document has in other languages: those that are missing, outdated, or not translated yet."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..connectors.files.versions import named
from ..connectors.revisions import changed, moment
from ..retrieval.errors import FilterError
from ..retrieval.filters import Exists, Filter, where
from ..retrieval.protocols import Readable
from ..retrieval.stores.answers import FIRST_CHUNK
from ..retrieval.text.codes import base_language, canonical_tag, language_and_variants
from ..retrieval.types import TRANSLATION_GROUP, UNDETERMINED, Chunk
from ..retrieval.versions import GROUP, Group, group_of, language_by

SHARE = 0.2
"""Part of the groups that has to be in a language for the others to be missed in it, where none is asked for."""
MODIFIED = ("modified", "updated", "last_modified", "updated_at")
"""Keys of the metadata that say when a document was last changed, most telling first."""
SAME_TIME = dt.timedelta(minutes=1)
"""Versions that were changed so close to one another are in step: a checkout writes all files, in any order."""
SAME_RUN = dt.timedelta(days=1)
"""The same for times at which they were ingested, since a run may take hours."""

_BATCH = 256
_DEFAULT = "x-default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One document of a group.

    `language` is what most of its text is in (of near relatives, such as Indonesian and Malay, the one that it is named
    as), `und` where that is not known; `named` what its file name or its hreflang says, None where they say nothing.
    `changed` is when it was last changed, in UTC, by its metadata (`known` is `metadata`), else by the modification
    time of its file (`file`), else when it was ingested (`index`); None where none is known. Of a `day`, the time is
    not known.
    """

    document_id: str
    language: str
    named: str | None
    changed: dt.datetime | None
    known: str | None
    day: bool = False

    @property
    def untranslated(self) -> bool:
        """Its name says one language, and its text is in another."""
        return self.named is not None and self.language != UNDETERMINED and not _same(self.language, self.named)


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslationGroup:
    """Documents that are versions of one another, by id.

    `original` is the id of the one that the others are compared with, None where none stands out. `missing` are
    languages; `outdated` the versions last changed before the original was, `untranslated` those in another language
    than their name says.
    """

    name: str
    original: Version | None
    versions: tuple[Version, ...]
    missing: tuple[str, ...]
    outdated: tuple[Version, ...]
    untranslated: tuple[Version, ...]

    @property
    def complete(self) -> bool:
        """Nothing is missing, outdated or untranslated."""
        return not (self.missing or self.outdated or self.untranslated)


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageCounts:
    """In how many groups a language is there, is missing, and has a version that is outdated or not translated yet."""

    present: int
    missing: int
    outdated: int
    untranslated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Translations:
    """All groups by name. `expected` are the languages that each should be in; `single` counts documents in none."""

    expected: tuple[str, ...]
    languages: Mapping[str, LanguageCounts]
    groups: tuple[TranslationGroup, ...]
    single: int


@dataclass(slots=True)
class _Seen:
    """What the passages of one document said so far; `letters` of text per language."""

    own: bool
    named: str | None
    default: bool
    changed: dt.datetime | None
    known: str | None
    day: bool
    letters: Counter[str] = field(default_factory=Counter)


def translations(
    seen: Readable, *, languages: Sequence[str] | None = None, original: str | None = None, modified: str | None = None
) -> Translations:
    """Which versions there are of each document, from the passages that are stored; no vector is read.

    `languages` are those that every group should be in (BCP-47 or English names); without them, those that at least
    `SHARE` of the groups, and two where there are several, are in. `original` is the language that is translated from;
    without it, the original is the document that the group is named after and that names no group itself (a file
    without a language in its name), else what hreflang calls x-default, else the version in the language that most
    groups are in. `modified` is the key of the metadata that says when a document was changed, in place of `MODIFIED`;
    then come modification times of files, then the times at which documents were ingested; each kind is compared with
    its own only. Takes memory for each document of a group, not for its passages. Raises FilterError for a language
    that is not known.
    """
    wanted = None if languages is None else tuple(dict.fromkeys(canonical_tag(name) for name in languages))
    source = None if original is None else canonical_tag(original)
    groups = _gathered(seen, MODIFIED if modified is None else (modified,))
    versions = {name: tuple(_versions(documents)) for name, documents in groups.items()}
    have = Counter(tag for group in versions.values() for tag in {one.language for one in group} - {UNDETERMINED})
    usual = sorted(have, key=lambda tag: (-have[tag], tag))
    least = max(SHARE * len(groups), min(2, len(groups)))
    expected = tuple(tag for tag in usual if have[tag] >= least) if wanted is None else wanted
    found = []
    for name, documents in groups.items():
        first = _original(documents, versions[name], usual if source is None else [source], given=source is not None)
        found.append(_group(str(name), versions[name], first, expected))
    found.sort(key=lambda group: group.name)
    shown = dict.fromkeys((*expected, *usual))
    return Translations(
        expected=expected,
        languages={tag: _counts(tag, found) for tag in shown},
        groups=tuple(found),
        single=seen.count(FIRST_CHUNK) - sum(len(documents) for documents in groups.values()),
    )


def _gathered(seen: Readable, modified: Sequence[str]) -> dict[Group, dict[str, _Seen]]:
    """What is known of each document of each group."""
    groups: dict[Group, dict[str, _Seen]] = {}

    def add(chunk: Chunk) -> None:
        documents = groups.setdefault(group_of(chunk), {})
        if chunk.document_id not in documents:
            documents[chunk.document_id] = _begun(chunk, modified)
        if base_language(chunk.language) != UNDETERMINED:
            documents[chunk.document_id].letters[chunk.language] += chunk.end - chunk.start

    for stored in seen.scan(Filter((Exists(GROUP),))):
        add(stored.chunk)
    names = [name for name in groups if isinstance(name, str)]
    for start in range(0, len(names), _BATCH):
        for stored in seen.scan(where(document_id=names[start : start + _BATCH])):
            if TRANSLATION_GROUP not in stored.chunk.metadata:
                add(stored.chunk)
    return groups


def _begun(chunk: Chunk, modified: Sequence[str]) -> _Seen:
    at, known, day = _changed(chunk, modified)
    alternates = chunk.metadata.get("alternates")
    links: Mapping[str, Any] = alternates if isinstance(alternates, Mapping) else {}
    return _Seen(
        own=TRANSLATION_GROUP in chunk.metadata,
        named=_named(chunk, links),
        default=links.get(_DEFAULT) == chunk.document_id,
        changed=at,
        known=known,
        day=day,
    )


def _changed(chunk: Chunk, modified: Sequence[str]) -> tuple[dt.datetime | None, str | None, bool]:
    """When a document was changed, which clock says so, and whether this is a day without a time."""
    for key in modified:
        value = chunk.metadata.get(key)
        if isinstance(value, str) and (at := moment(value)) is not None:
            return at, "metadata", _is_day(value)
    if chunk.origin is None:
        return None, None, False
    if (at := changed(chunk.origin.revision)) is not None:
        return at, "file", False
    at = moment(chunk.origin.updated) if chunk.origin.updated else None
    return at, None if at is None else "index", False


def _is_day(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _named(chunk: Chunk, links: Mapping[str, Any]) -> str | None:
    """The language that the page's own hreflang, or the path by which it is in its group, says."""
    for tag in (tag for tag, link in links.items() if tag != _DEFAULT and link == chunk.document_id):
        try:
            return canonical_tag(tag)
        except FilterError:
            continue
    path, group = chunk.metadata.get("path"), str(group_of(chunk))
    said = named(path) if isinstance(path, str) else None
    if said is None or not (group.endswith(said.original) or group.rpartition("#")[0].endswith(said.original)):
        return None
    return said.language


def _versions(documents: Mapping[str, _Seen]) -> Iterator[Version]:
    for name in sorted(documents):
        one = documents[name]
        tags = sorted(one.letters, key=lambda tag: (-one.letters[tag], tag))
        yield Version(
            document_id=name,
            language=language_by(tags[0], one.named) if tags else UNDETERMINED,
            named=one.named,
            changed=one.changed,
            known=one.known,
            day=one.day,
        )


def _original(
    documents: Mapping[str, _Seen], versions: Sequence[Version], languages: Iterable[str], *, given: bool
) -> Version | None:
    if not given:
        for stands_out in (lambda one: not one.own, lambda one: one.default):
            if found := [one for one in versions if stands_out(documents[one.document_id])]:
                return found[0]
    for tag in languages:
        if found := [one for one in versions if _same(one.language, tag) and not one.untranslated]:
            return found[0]
    return None


def _group(
    name: str, versions: tuple[Version, ...], original: Version | None, expected: Sequence[str]
) -> TranslationGroup:
    untranslated = tuple(one for one in versions if one.untranslated)
    there = [one.language for one in versions] + [one.named for one in untranslated if one.named is not None]
    return TranslationGroup(
        name=name,
        original=original,
        versions=versions,
        missing=tuple(tag for tag in expected if not any(_same(have, tag) for have in there)),
        outdated=tuple(one for one in versions if original is not None and _outdated(one, original)),
        untranslated=untranslated,
    )


def _outdated(version: Version, original: Version) -> bool:
    if version.language == original.language or version.untranslated or version.known != original.known:
        return False
    if version.changed is None or original.changed is None:
        return False
    if version.day or original.day:
        return version.changed.date() < original.changed.date()
    return version.changed + (SAME_RUN if version.known == "index" else SAME_TIME) < original.changed


def _counts(tag: str, groups: Sequence[TranslationGroup]) -> LanguageCounts:
    return LanguageCounts(
        present=sum(any(_same(one.language, tag) for one in group.versions) for group in groups),
        missing=sum(tag in group.missing for group in groups),
        outdated=sum(any(_same(one.language, tag) for one in group.outdated) for group in groups),
        untranslated=sum(any(_same(one.named or "", tag) for one in group.untranslated) for group in groups),
    )


def _same(tag: str, wanted: str) -> bool:
    """Whether a text in `tag` is one in `wanted`: `zh-Hans` is one in `zh`, and a name may say `zh` of either."""
    return tag in language_and_variants(wanted) or wanted in language_and_variants(tag)
