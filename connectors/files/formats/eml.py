"""E-mail: the readable body, with the headers as metadata."""

from __future__ import annotations

import email.policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from typing import Any, BinaryIO, cast

from ..content import Content, UnreadableError, as_title, well_formed
from ..encoding import decode
from ..limits import Limits
from .html import page


def read(file: BinaryIO, limits: Limits) -> Content:
    """The text/plain parts if there are any, else the HTML ones; subject as title; attachments only by name."""
    message = BytesParser(policy=email.policy.default).parse(file)
    if not message.keys():
        raise UnreadableError("damaged or mislabelled: an e-mail begins with headers")
    text = ""
    for kind in ("plain", "html"):
        texts = [_text(part, kind, limits) for part in _body(message, kind)]
        text = "\n\n".join(text for text in texts if text.strip())
        if text:
            break
    if not text.strip():
        raise UnreadableError("empty: no text")
    return Content(text=text, title=as_title(_header(message, "subject")), metadata=_metadata(message))


def _body(message: EmailMessage, kind: str) -> list[EmailMessage]:
    """The parts of this kind in order, without attachments and attached messages. `get_body` stops at the first."""
    found: list[EmailMessage] = []
    stack = [message]
    while stack:
        part = stack.pop()
        if _disposition(part) == "attachment" or (part is not message and part.get_content_maintype() == "message"):
            continue
        if part.is_multipart():
            stack.extend(reversed(cast("list[EmailMessage]", part.get_payload())))
        elif part.get_content_type() == f"text/{kind}":
            found.append(part)
    # Broken MIME: a message that says "multipart" and has no parts is read as text.
    broken = kind == "plain" and message.get_content_maintype() == "multipart" and not message.is_multipart()
    return [message] if broken and not found else found


def _disposition(part: EmailMessage) -> str:
    try:
        return part.get_content_disposition() or ""
    except Exception:  # the parser of headers fails on some malformed ones
        return ""


def _text(part: EmailMessage, kind: str, limits: Limits) -> str:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes) or not data.strip():
        return ""
    charset = _charset(part)
    if kind == "html":
        return page(data, limits, declared=charset).text
    return decode(data, declared=charset).text.replace("\r\n", "\n").replace("\r", "\n")


def _charset(part: EmailMessage) -> str | None:
    try:
        return part.get_content_charset()
    except Exception:  # see _disposition
        return None


def _header(message: EmailMessage, name: str) -> str | None:
    try:
        value = message[name]
    except Exception:  # see _disposition
        return None
    if value is None:
        return None
    text = str(value)
    if "\ufffd" in text:
        text = _unencoded_header(message, name) or text
    return well_formed(text).strip() or None


def _unencoded_header(message: EmailMessage, name: str) -> str | None:
    """A header that was written in some charset as it is, without saying in which: most likely that of the text."""
    raw = next((str(value) for header, value in message.raw_items() if header.lower() == name), "")
    charsets = (_charset(part) for part in message.walk())
    try:
        decoded = decode(raw.encode("utf-8", "surrogateescape"), declared=next(filter(None, charsets), None))
    except (UnreadableError, UnicodeError):
        return None
    return " ".join(decoded.text.split())


def _metadata(message: EmailMessage) -> dict[str, Any]:
    metadata: dict[str, Any] = {name: value for name in ("from", "to") if (value := _header(message, name))}
    date = _header(message, "date")
    if date:
        try:
            metadata["date"] = parsedate_to_datetime(date).isoformat()
        except ValueError:
            metadata["date"] = date
    names = []
    for part in message.walk():
        try:
            name = part.get_filename()
        except Exception:  # see _disposition
            continue
        if name:
            names.append(well_formed(name))
    if names:
        metadata["attachments"] = names
    return metadata
