"""`interlingua translations`: which versions of documents are missing or outdated."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from ...retrieval.text.codes import language_name
from ..translations import SHARE, TranslationGroup, Translations, Version
from .console import Collection, Embedder, Json, Store, err, index, out, print_json, visible

_LABEL = 14
_NONE = (
    "No document of this index is a version of another. Versions are documents with the same translation_group: files "
    "such as guide.de.md or de/guide.md get one, web pages that name their versions (hreflang), and documents of a "
    "source with the option translation_group. Files that were stored before get it when they are ingested again."
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("translations")(translations)


def translations(
    language: Annotated[
        list[str] | None,
        typer.Option(
            "--language",
            "-l",
            help="Every group should be in this language (de, zh-Hant, German); repeatable.",
            show_default=f"those of {SHARE:.0%} of the groups",
        ),
    ] = None,
    original: Annotated[
        str | None,
        typer.Option(
            help="The language that is translated from.",
            show_default="that of the file without a language, of x-default, else the most frequent",
        ),
    ] = None,
    modified: Annotated[
        str | None, typer.Option(metavar="KEY", help="Key of the metadata with the time of the last change.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="List the groups that lack nothing, too.")] = False,
    store: Store = None,
    collection: Collection = None,
    embedder: Embedder = None,
    as_json: Json = False,
) -> None:
    """Show which versions of documents are missing, outdated, or not translated yet.

    Outdated is what was last changed before its original was, by the times of the source (metadata, files), else by
    those of ingests that are a day apart. Not translated is what is named as one language, with a text in another.

    [dim]interlingua translations
    interlingua translations --language de --language ja --original en[/dim]
    """
    with index(store, collection, embedder) as opened:
        found = opened.translations(languages=language, original=original, modified=modified)
    if as_json:
        print_json(to_dict(found))
        return
    if not found.groups:
        err.print(_NONE)
        return
    _print_languages(found)
    _print_summary(found, asked=bool(language))
    for group in found.groups:
        if everything or not group.complete:
            _print_group(group)


def to_dict(found: Translations) -> dict[str, Any]:
    """JSON-ready."""
    counts = ("present", "missing", "outdated", "untranslated")
    return {
        "expected": list(found.expected),
        "languages": {tag: {name: getattr(one, name) for name in counts} for tag, one in found.languages.items()},
        "documents_without_versions": found.single,
        "groups": [
            {
                "translation_group": group.name,
                "original": None if group.original is None else group.original.document_id,
                "missing": list(group.missing),
                "outdated": [version.document_id for version in group.outdated],
                "untranslated": [version.document_id for version in group.untranslated],
                "versions": [_version(version) for version in group.versions],
            }
            for group in found.groups
        ],
    }


def _version(version: Version) -> dict[str, Any]:
    return {
        "document_id": version.document_id,
        "language": version.language,
        "named": version.named,
        "changed": None if version.changed is None else version.changed.isoformat(timespec="seconds"),
        "changed_by": version.known,
    }


def _print_languages(found: Translations) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("language")
    for heading in ("present", "missing", "outdated", "untranslated"):
        table.add_column(heading, justify="right")
    for tag, one in found.languages.items():
        missing = f"{one.missing:,}" if tag in found.expected else "-"
        name = f"{tag} ({language_name(tag)})"
        table.add_row(name, f"{one.present:,}", missing, f"{one.outdated:,}", f"{one.untranslated:,}")
    out.print(table)


def _print_summary(found: Translations, *, asked: bool) -> None:
    documents = sum(len(group.versions) for group in found.groups)
    complete = sum(group.complete for group in found.groups)
    out.print(
        f"Groups: {len(found.groups):,}, of {documents:,} documents; complete: {complete:,}. "
        f"Documents in no group: {found.single:,}."
    )
    if not asked:
        out.print(
            f"Missing: of languages that {SHARE:.0%} of the groups, and at least two, have; --language names others."
        )


def _print_group(group: TranslationGroup) -> None:
    out.print()
    out.print(visible(group.name), style="bold")
    _print_line("in", ", ".join(dict.fromkeys(version.language for version in group.versions)))
    _print_line("missing", ", ".join(group.missing))
    for version in group.outdated:
        assert group.original is not None  # something was compared with it
        _print_line("outdated", f"{version.language}: {visible(version.document_id)}")
        ingested = " (as ingested)" if version.known == "index" else ""
        _print_line("", f"changed {_when(version)}, original {_when(group.original)}{ingested}")
    for version in group.untranslated:
        _print_line("untranslated", f"{version.named}, still {version.language}: {visible(version.document_id)}")


def _print_line(label: str, text: str) -> None:
    if text:
        out.print(f"  {label:<{_LABEL}}{text}")


def _when(version: Version) -> str:
    """The time of the last change to the minute, in UTC."""
    assert version.changed is not None  # it was compared
    return f"{version.changed:%Y-%m-%d %H:%M}"
