"""Mbox: where messages begin, what they are called, and which are new."""

from __future__ import annotations

import gzip
import mailbox
import tracemalloc
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path

import pytest
from counterparts.mbox import mail
from hypothesis import given
from hypothesis import strategies as st
from incremental import cursors, loaded, resumed_everywhere, skips, texts
from interlingua.connectors.dumps.mbox import MboxConnector
from interlingua.connectors.dumps.messages import messages
from interlingua.connectors.files.compression import Block, Place
from interlingua.connectors.files.limits import Limits
from interlingua.retrieval.errors import ConfigurationError, CursorLostError, SourceError
from interlingua.retrieval.types import Document, Pending, Skip
from support import SENTENCES

BEGIN = b"From ada@example.org Sun Nov  1 12:00:00 2026\n"


def box(path: Path, mails: list[EmailMessage]) -> Path:
    path.unlink(missing_ok=True)
    with closing(mailbox.mbox(path)) as file:
        for one in mails:
            file.add(one)
    return path


def every_language() -> list[EmailMessage]:
    return [mail(tag, text) for tag, text in SENTENCES.items()]


def raw(subject: str, body: bytes, *headers: bytes) -> bytes:
    return BEGIN + b"\n".join([b"Subject: " + subject.encode(), *headers]) + b"\n\n" + body + b"\n\n"


@pytest.mark.parametrize("packed", [False, True])
def test_a_message_is_a_document_and_a_listing_goes_on_anywhere(tmp_path: Path, packed: bool) -> None:
    path = box(tmp_path / "inbox.mbox", every_language())
    if packed:
        data = path.read_bytes()
        path.unlink()
        path = tmp_path / "inbox.mbox.gz"
        path.write_bytes(gzip.compress(data))
    expected = {f"{path}#{tag}@example.org": text for tag, text in SENTENCES.items()}
    runs = resumed_everywhere(MboxConnector(tmp_path, checkpoint_every=3))
    assert len(runs) == len(SENTENCES) // 3 + 1
    for run in runs:
        assert [item.id for item in run if isinstance(item, Pending)] == list(expected)
    assert {id: text.strip() for id, text in texts(runs[0]).items()} == expected


def test_a_message_says_who_wrote_it_and_what_it_answers(tmp_path: Path) -> None:
    one = mail("b", "Ja.")
    one["In-Reply-To"] = "<a@example.org>"
    one["References"] = "<root@example.org> <a@example.org>"
    one.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="Straße.pdf")
    (found,) = map(loaded, MboxConnector(box(tmp_path / "i.mbox", [one]), name="mail").documents())
    assert isinstance(found, Document)
    assert (found.id, found.title, found.text.strip()) == ("mail/i.mbox#b@example.org", "Über b", "Ja.")
    assert found.metadata == {
        "from": "Ada <ada@example.org>",
        "to": "Grace <grace@example.org>",
        "date": "2026-11-01T12:00:00+00:00",
        "attachments": ["Straße.pdf"],
        "mailbox": "i.mbox",
        "message_id": "b@example.org",
        "in_reply_to": "a@example.org",
        "references": ["root@example.org", "a@example.org"],
        "format": "eml",
    }


def test_lines_that_begin_with_from_are_text(tmp_path: Path) -> None:
    body = (
        b"Dear all,\n\nFrom my point of view it is done.\n\nFrom Monday on we meet at 10:30 in 2026.\nSubject: no\n\n"
        b">From here it was quoted.\n>>From there, twice."
    )
    path = tmp_path / "i.mbox"
    path.write_bytes(raw("one", body, b"Message-ID: <1@x>") + raw("two", b"Second.", b"Message-ID: <2@x>"))
    found = texts(MboxConnector(path, name="m").documents())
    assert list(found) == ["m/i.mbox#1@x", "m/i.mbox#2@x"]
    expected = body.replace(b">From here", b"From here").replace(b">>From", b">From").decode()
    assert found["m/i.mbox#1@x"].strip() == expected


@pytest.mark.parametrize(
    "begin",
    [
        b"From - Sun Nov 01 12:00:00 2026\n",
        b"From 1801234567890123456@xxx Sun Nov 01 12:00:00 +0000 2026\n",
        b"From MAILER-DAEMON Sun Nov  1 12:00:00 2026\r\n",
        b"From MAILER-DAEMON\n",
        b"From ada@example.org Sun, 1 Nov 2026 12:00:00 +0000\n",
        b"From ada@example.org  Sun Nov  1 12:00 2026\n",
    ],
)
def test_messages_begin_as_many_programs_write_it(tmp_path: Path, begin: bytes) -> None:
    message = b"Subject: x\nMessage-ID: <%d@x>\n\nText.\n\n"
    path = tmp_path / "i.mbox"
    path.write_bytes(begin + message % 1 + begin + message % 2 + begin + message % 3)
    assert list(texts(MboxConnector(path, name="m").documents())) == [f"m/i.mbox#{n}@x" for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("tag", "charset"),
    [("zh-Hans", "gb18030"), ("ru", "koi8-r"), ("ja", "iso-2022-jp"), ("ko", "euc-kr"), ("he", "windows-1255")],
)
@pytest.mark.parametrize("declared", ["right", "wrong", "none"])
def test_charsets_also_when_they_are_wrongly_declared(tmp_path: Path, tag: str, charset: str, declared: str) -> None:
    text = SENTENCES[tag] * 3
    name = {"right": charset, "wrong": "us-ascii", "none": ""}[declared]
    header = f'Content-Type: text/plain; charset="{name}"' if name else "X-Nothing: x"
    path = tmp_path / "i.mbox"
    path.write_bytes(raw("x", text.encode(charset), header.encode(), b"Message-ID: <1@x>"))
    (found,) = texts(MboxConnector(path).documents()).values()
    assert found.strip() == text


@pytest.mark.parametrize(("tag", "charset"), [("zh-Hans", "gb18030"), ("ru", "koi8-r"), ("de", "utf-8")])
def test_a_subject_that_was_not_encoded_is_read_in_the_charset_of_the_text(
    tmp_path: Path, tag: str, charset: str
) -> None:
    text = SENTENCES[tag].encode(charset)
    header = f"Content-Type: text/plain; charset={charset}".encode()
    path = tmp_path / "i.mbox"
    path.write_bytes(BEGIN + b"Subject: " + text + b"\n" + header + b"\n\n" + text * 3 + b"\n")
    (found,) = map(loaded, MboxConnector(path).documents())
    assert found.title == SENTENCES[tag]


def test_of_messages_with_one_id_the_second_has_both_names(tmp_path: Path) -> None:
    same, other = mail("a", "eins"), mail("a", "zwei")
    path = box(tmp_path / "i.mbox", [same, mail("b", "drei"), same, other, mail("c", "vier")])
    connector = MboxConnector(path, name="m", checkpoint_every=3)
    for run in resumed_everywhere(connector):
        found = {id.removeprefix("m/i.mbox#"): text.strip() for id, text in texts(run).items()}
        repeated = next(id for id in found if "~" in id)
        assert repeated.startswith("a@example.org~")
        assert found == {"a@example.org": "eins", "b@example.org": "drei", repeated: "zwei", "c@example.org": "vier"}


def test_a_message_without_an_id_is_called_by_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "i.mbox"
    path.write_bytes(raw("x", b"one") + raw("x", b"two"))
    before = texts(MboxConnector(path).documents())
    path.write_bytes(raw("x", b"new") + raw("x", b"two") + raw("x", b"one") * 2)
    after = texts(MboxConnector(path).documents())
    assert before.items() < after.items()
    assert len(after) == 3


def test_messages_keep_their_revision_when_others_come_and_go(tmp_path: Path) -> None:
    def revisions(mails: list[EmailMessage]) -> dict[str, str]:
        items = MboxConnector(box(tmp_path / "i.mbox", mails)).documents()
        return {item.id: item.revision for item in items if isinstance(item, Pending)}

    old = revisions(every_language())
    new = revisions([mail("new", "Neu."), *reversed(every_language()[:-2])])
    assert {id: new[id] for id in old if id in new} == {id: old[id] for id in list(old)[:-2]}


def test_what_the_mail_program_has_deleted_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "i.mbox"
    path.write_bytes(
        raw("a", b"gone", b"X-Mozilla-Status: 0009")
        + raw("b", b"here", b"X-Mozilla-Status: 0001")
        + raw("c", b"gone too", b"X-Status: D")
    )
    assert [text.strip() for text in texts(MboxConnector(path).documents()).values()] == ["here"]


def test_a_file_that_changed_is_listed_anew(tmp_path: Path) -> None:
    path = box(tmp_path / "i.mbox", every_language())
    last = cursors(MboxConnector(path).changes(None))[-1]
    assert not texts(MboxConnector(path).changes(last))
    box(path, every_language()[1:])
    with pytest.raises(CursorLostError):
        list(MboxConnector(path).changes(last))


def test_a_file_that_changes_between_listing_and_reading_is_noticed(tmp_path: Path) -> None:
    path = box(tmp_path / "i.mbox", [mail("a", "eins"), mail("b", "zwei")])
    pending = list(MboxConnector(path).documents())
    box(path, [mail("b", "zwei")])
    assert len(skips(pending)) == 2
    assert all("changed while it was read" in reason for reason in skips(pending).values())


def test_a_large_message_is_passed_over_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "i.mbox"
    path.write_bytes(
        raw("a", b"first", b"Message-ID: <1@x>")
        + raw("b", b"x" * 60 + b"\n" + (b"y" * 75 + b"\n") * 200_000, b"Message-ID: <2@x>")
        + raw("c", b"last", b"Message-ID: <3@x>")
    )
    tracemalloc.start()
    items = list(MboxConnector(path, name="m", limits=Limits(max_file_bytes=1_000_000)).documents())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert list(texts(items)) == ["m/i.mbox#1@x", "m/i.mbox#3@x"]
    assert "Limits.max_file_bytes" in skips(items)["m/i.mbox#2@x"]
    assert peak < 6_000_000


def test_what_is_no_mbox_is_skipped_and_an_empty_one_is_empty(tmp_path: Path) -> None:
    (tmp_path / "a.mbox").write_bytes(b"Subject: a single mail\n\ntext")
    (tmp_path / "b.mbox").touch()
    (found,) = MboxConnector(tmp_path, name="m").documents()
    assert isinstance(found, Skip)
    assert found.prefix
    assert "not an mbox" in found.reason
    with pytest.raises(SourceError):
        list(MboxConnector(tmp_path / "c.mbox").documents())
    with pytest.raises(ConfigurationError):
        MboxConnector([])


@given(
    bodies=st.lists(st.text(st.sampled_from("From aé\n:>2"), max_size=300), min_size=1, max_size=6),
    block=st.integers(min_value=1, max_value=5000),
)
def test_every_message_is_found_wherever_blocks_end(bodies: list[str], block: int) -> None:
    written = [
        b"Subject: %d\nMessage-ID: <%d@x>\n\n" % (number, number)
        + body.replace("\nFrom ", "\n>From ").removeprefix("From ").encode()
        for number, body in enumerate(bodies)
    ]
    data = b"".join(BEGIN + one + b"\n\n" for one in written)
    parts = (Block(data[first : first + block], Place(first)) for first in range(0, len(data), block))
    found = list(messages(parts, Limits()))
    assert [(one.raw or b"").rstrip() for one in found] == [one.rstrip() for one in written]
    assert [data[one.offset : one.offset + one.size] for one in found] == [one.raw for one in found]
