"""An mbox as Python's own `mailbox` writes it; a message that cannot be read has nothing but an attachment."""

from __future__ import annotations

import mailbox
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

from interlingua.connectors.dumps.mbox import MboxConnector
from rewritten_file import RewrittenFile


@contextmanager
def opened(folder: Path) -> Iterator[RewrittenFile]:
    path = folder / "inbox.mbox"
    yield RewrittenFile(path=path, make=MboxConnector, write=_write, identify=lambda name: f"{path}#{name}@example.org")


def mail(name: str, text: str | None) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Ada <ada@example.org>"
    message["To"] = "Grace <grace@example.org>"
    message["Subject"] = f"Über {name}"
    message["Date"] = "Sun, 01 Nov 2026 12:00:00 +0000"
    message["Message-ID"] = f"<{name}@example.org>"
    if text is not None:
        message.set_content(text, charset="utf-8")
    else:
        message.add_attachment(b"\x00\x01", maintype="application", subtype="octet-stream", filename="data.bin")
    return message


def _write(path: Path, texts: Mapping[str, str], spoilt: frozenset[str]) -> None:
    box = mailbox.mbox(path)
    try:
        for name, text in texts.items():
            box.add(mail(name, None if name in spoilt else text))
        box.flush()
        if not texts:
            path.touch()
    finally:
        box.close()
