"""Mail: the messages of mbox files."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from email import policy
from email.parser import BytesHeaderParser
from functools import partial
from pathlib import Path
from typing import Any

from ...retrieval.types import Checkpoint, Document, Gone, MetadataValue, Pending, Skip
from ..files.compression import blocks, is_compressed
from ..files.content import UnreadableError, well_formed
from ..files.limits import Limits
from ..files.paths import open_regular, os_reason
from ..files.pool import WorkerPool
from ..files.reading import read_document
from ..files.tables.seen import SeenKeys
from ..filesets.changes import Fileset, Mark
from ..filesets.listing import Paths, SourceFile, as_paths, source_name
from .messages import Message, digest_of, messages, unescaped

_SUFFIXES = (".mbox", ".mbx", ".mbox.gz", ".mbox.bz2", ".mbox.xz", ".mbox.zst")
_HELD = 100_000
"""Bytes of a message of a compressed file that wait with it; a larger one is read at once."""
_REFERENCE = re.compile(r"<([^<>\s]+)>")


class MboxConnector:
    """The messages of mbox files (Thunderbird, mutt, mailing list archives, Google Takeout), streamed.

    The id of a message is its file, `#` and its Message-ID, or else a digest of it; of two that differ and have the
    same Message-ID the second has both. Its revision is a digest: when mails come and go, only new ones are parsed.
    Mails that the mail program has deleted and not yet taken out of the file are not there. Attachments are named in
    the metadata, and so are the messages that it answers.

    Args:
        paths: A file, a pattern, a folder (all `.mbox` below it), or several; compressed or not.
        name: Makes ids independent of where the files lie: `name/inbox.mbox#<id>`.
        checkpoint_every: Messages between two places where a listing that broke off can go on.
        limits: How much one message may cost.
    """

    def __init__(
        self,
        paths: Paths,
        *,
        name: str | None = None,
        checkpoint_every: int = 500,
        limits: Limits = Limits(),  # noqa: B008 (frozen)
    ) -> None:
        self._paths = as_paths(paths, example="a file such as inbox.mbox, a folder or a pattern")
        self._name = name
        self._every = max(1, checkpoint_every)
        self._limits = limits
        self._files = Fileset(
            paths=self._paths,
            name=name,
            suffixes=_SUFFIXES,
            contained=True,
            settings={"name": name},
            read=self._messages,
        )

    @property
    def source(self) -> str:
        """`mbox:` and the name, or the absolute paths as they were given."""
        return source_name("mbox", self._name, self._paths)

    @property
    def complete(self) -> bool:
        """True: a message that is not listed is not there."""
        return True

    def documents(self) -> Iterator[Document | Pending | Skip]:
        """All messages, file by file. Raises SourceError when a file is not there."""
        return self._files.items()

    def changes(self, since: str | None) -> Iterator[Document | Pending | Skip | Gone | Checkpoint]:
        """As `Incremental.changes`; checkpoints on the way. A file that has changed is listed anew."""
        return self._files.changes(since)

    def _messages(self, file: SourceFile, place: Any) -> Iterator[Document | Pending | Skip | Mark]:
        after = int(place or 0)
        pool = WorkerPool(self._limits)
        ids, whole = SeenKeys(), SeenKeys()
        with open_regular(file.path) as stream:
            packed = is_compressed(stream)
            for number, message in enumerate(messages(blocks(stream, self._limits), self._limits), start=1):
                key = message.message_id or message.digest
                if message.expunged or not whole.add(f"{key} {message.digest}"):
                    continue
                if not ids.add(key):  # programs exist that give many messages one id
                    key = f"{key}~{message.digest[:12]}"
                if number > after:  # those before are scanned again for their ids alone
                    yield self._item(message, f"{file.name}#{key}", file, pool, packed)
                    if number % self._every == 0:
                        yield Mark(number)

    def _item(
        self, message: Message, message_id: str, file: SourceFile, pool: WorkerPool, packed: bool
    ) -> Document | Pending | Skip:
        if message.raw is None:
            limit = f"{self._limits.max_file_bytes:,} (Limits.max_file_bytes)"
            return Skip(id=message_id, reason=f"has {message.size:,} bytes, more than {limit}")
        held = replace(message, raw=message.raw if packed else None)
        if packed and message.size > _HELD:
            return self._read(held, message_id, file, pool)
        return Pending(id=message_id, revision=message.digest, read=partial(self._read, held, message_id, file, pool))

    def _read(self, message: Message, message_id: str, file: SourceFile, pool: WorkerPool) -> Document | Skip:
        try:
            raw = message.raw if message.raw is not None else _bytes(file, message)
            with tempfile.NamedTemporaryFile(prefix="interlingua-", suffix=".eml") as mail:
                mail.write(unescaped(raw))
                mail.flush()
                return read_document(
                    mail.name,
                    document_id=message_id,
                    extension="eml",
                    url=None,
                    revision=message.digest,
                    facts={"mailbox": Path(file.name).name, **_thread(message, raw)},
                    pool=pool,
                    limits=self._limits,
                )
        except UnreadableError as error:
            return Skip(id=message_id, reason=str(error))
        except OSError as error:
            return Skip(id=message_id, reason=os_reason(error))


def _bytes(file: SourceFile, message: Message) -> bytes:
    """The message, from where it was found. Raises UnreadableError when something else is there now."""
    with open_regular(file.path) as stream:
        stream.seek(message.offset)
        raw = stream.read(message.size)
    if digest_of([raw]) != message.digest:
        raise UnreadableError("the file has changed while it was read: the next run reads it again")
    return raw


def _thread(message: Message, raw: bytes) -> dict[str, MetadataValue]:
    """Its id and those of the messages that it answers, so that conversations can be put together."""
    facts: dict[str, MetadataValue] = {"message_id": well_formed(message.message_id)} if message.message_id else {}
    headers = BytesHeaderParser(policy=policy.compat32).parsebytes(raw[: 1 << 18])
    answered = _REFERENCE.findall(str(headers.get("In-Reply-To", "")))
    references = _REFERENCE.findall(str(headers.get("References", "")))
    if answered:
        facts["in_reply_to"] = well_formed(answered[0][:500])
    if references:
        facts["references"] = [well_formed(reference[:500]) for reference in references[-50:]]
    return facts
