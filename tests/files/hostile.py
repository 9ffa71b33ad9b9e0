"""A folder of files that break readers: each must be reported with its reason, and stop nothing.

    hostile = make_hostile_folder(path)
    hostile.good    relative id -> a sentence of the document; nothing else may be wrong with these
    hostile.bad     relative id of the Skip -> a part of its reason
    hostile.odd     relative id -> a part of the text: readable in spite of how they look

Relative ids are those of `FilesConnector(path, name=...)` without the name and the slash.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
BOMB = (
    '<!DOCTYPE b [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1 or str()};" * 10}">' for n in range(1, 10))
    + "]>"
)


@dataclass(frozen=True)
class Hostile:
    good: dict[str, str]
    bad: dict[str, str]
    odd: dict[str, str]


def make_hostile_folder(path: Path) -> Hostile:
    """Write the folder; about 110 MB on disk, and a file that claims 2 GB more."""
    path.mkdir(parents=True, exist_ok=True)
    good = dict(_good(path))
    odd = dict(_odd(path))
    bad = {
        **dict(_bad_entries(path)),
        **dict(_bad_texts(path)),
        **dict(_bad_archives(path)),
        **dict(_bad_documents(path)),
        **dict(_bad_tables(path)),
    }
    return Hostile(good, bad, odd)


def _good(path: Path) -> Iterator[tuple[str, str]]:
    import docx

    sentences = {
        "good/de.txt": "Alle Menschen sind frei und gleich an Würde und Rechten geboren.",
        "good/ja.md": "すべての人間は、生まれながらにして自由である。",
        "good/ru.html": "Все люди рождаются свободными и равными в своём достоинстве и правах.",
        "good/ar.docx": "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق.",
    }
    (path / "good").mkdir()
    for name in ("good/de.txt", "good/ja.md"):
        (path / name).write_text(sentences[name], encoding="utf-8")
    (path / "good/ru.html").write_bytes(f"<meta charset=koi8-r><p>{sentences['good/ru.html']}".encode("koi8-r"))
    document = docx.Document()
    document.add_paragraph(sentences["good/ar.docx"])
    document.save(str(path / "good/ar.docx"))
    (path / "good/table.csv").write_text("id,text\nth,มนุษย์ทั้งหลายเกิดมามีอิสระ\n", encoding="utf-8")
    yield from sentences.items()
    yield "good/table.csv#th", "มนุษย์ทั้งหลายเกิดมามีอิสระ"


def _odd(path: Path) -> Iterator[tuple[str, str]]:
    name = "zeile eins\nzeile zwei 🦜.txt"
    (path / name).write_text("Ein Name mit Zeilenumbruch und Papagei.", encoding="utf-8")
    yield name, "Papagei"
    raw = os.fsdecode(b"nicht-utf8-\xe4\xff.txt")
    (path / raw).write_text("Ein Name, der kein UTF-8 ist.", encoding="utf-8")
    yield "nicht-utf8-\\xe4\\xff.txt", "kein UTF-8"
    (path / "pdf-named.docx").write_bytes(pdf_bytes("A PDF under the name of a Word document."))
    yield "pdf-named.docx", "under the name"
    (path / "declared.html").write_bytes(
        "<meta charset=iso-8859-1><p>すべての人間は、生まれながらにして自由である。".encode("shift_jis")
    )
    yield "declared.html", "すべての人間は"
    lines = [
        json.dumps({"text": "Die erste Zeile ist gut."}),
        '{"text": "diese bricht ab',
        '{"text": "ein einzelnes Surrogat: \\ud800!"}',
        '{"text": ' + "[" * 100_000 + "}",
        json.dumps({"text": "Die letzte Zeile ist gut."}),
    ]
    (path / "lines.jsonl").write_text("\n".join(lines), encoding="utf-8")
    yield "lines.jsonl#1", "erste Zeile"
    yield "lines.jsonl#3", "Surrogat: \ufffd!"
    yield "lines.jsonl#5", "letzte Zeile"
    broken = b"Das eine Byte hier ist falsch." + "Überall schöne Größe. ".encode() * 20 + b"\xff"
    (path / "one-bad-byte.txt").write_bytes(broken)
    yield "one-bad-byte.txt", "schöne Größe"
    (path / "broken-mime.eml").write_bytes(
        b"Subject: =?utf-8?B?broken\nContent-Type: multipart/mixed; boundary=\n\nThe body of a broken message.\n"
    )
    yield "broken-mime.eml", "body of a broken message"


def _bad_entries(path: Path) -> Iterator[tuple[str, str]]:
    os.mkfifo(path / "fifo.txt")
    yield "fifo.txt", "FIFO"
    server = socket.socket(socket.AF_UNIX)
    here = os.open(path, os.O_RDONLY)  # the path of a socket may have 100 bytes, that of a test folder is longer
    server.bind(f"/proc/self/fd/{here}/socket.txt")
    os.close(here)
    server.close()
    yield "socket.txt", "socket"
    (path / "gone.txt").symlink_to("nowhere")
    yield "gone.txt", "broken link"
    (path / "self.txt").symlink_to("self.txt")
    yield "self.txt", "broken link"
    (path / "out.txt").symlink_to("/etc/hostname")
    yield "out.txt", "leaves the folder"
    (path / "loop").symlink_to(".")  # no Skip: all it leads to is listed already


def _bad_texts(path: Path) -> Iterator[tuple[str, str]]:
    (path / "empty.txt").touch()
    yield "empty.txt", "empty"
    (path / "blank.md").write_text("\n \n", encoding="utf-8")
    yield "blank.md", "empty"
    (path / "png-named.txt").write_bytes(PNG)
    yield "png-named.txt", "PNG"
    (path / "nul.txt").write_bytes(b"text\x00with\x00NUL" * 50)
    yield "nul.txt", "binary"
    (path / "noise.txt").write_bytes(bytes((n * n * 7 + n // 3) % 255 + 1 for n in range(5000)))
    yield "noise.txt", ""
    with (path / "two-gigabytes.txt").open("wb") as file:
        file.truncate(2 << 30)
    yield "two-gigabytes.txt", "max_file_bytes"
    (path / "one-line.txt").write_bytes(b"word " * 20_000_000)
    yield "one-line.txt", "max_characters"
    (path / "program.bin").write_bytes(b"\x7fELF" + bytes(100))
    yield "program.bin", "ELF"
    (path / "script-only.html").write_text("<script>only()</script>", encoding="utf-8")
    yield "script-only.html", "empty"


def _bad_archives(path: Path) -> Iterator[tuple[str, str]]:
    with (
        zipfile.ZipFile(path / "bomb.docx", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("word/document.xml", "w") as member,
    ):
        for _ in range(600):
            member.write(bytes(1_000_000))
    yield "bomb.docx", "zip bomb"
    inner = BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.txt", "text")
    with zipfile.ZipFile(path / "nested.zip", "w") as archive:
        archive.writestr("inner.zip", inner.getvalue())
    yield "nested.zip", "zip archive"
    (path / "zip-named.docx").write_bytes(inner.getvalue())
    yield "zip-named.docx", "zip archive"
    with zipfile.ZipFile(path / "members.docx", "w") as archive:
        for number in range(10_001):
            archive.writestr(f"word/{number}", b"")
    yield "members.docx", "max_archive_members"
    (path / "cut.docx").write_bytes((path / "good/ar.docx").read_bytes()[:9000])
    yield "cut.docx", "damaged zip"
    for name, part in (("docx", "word/document.xml"), ("xlsx", "xl/workbook.xml"), ("odt", "content.xml")):
        with zipfile.ZipFile(path / f"entities.{name}", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("[Content_Types].xml", "<Types/>")
            archive.writestr(part, f'<?xml version="1.0"?>{BOMB}<b>&a9;</b>')
        yield f"entities.{name}", "entity"
    with zipfile.ZipFile(path / "no-document.docx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    yield "no-document.docx", "damaged"
    with zipfile.ZipFile(path / "no-opf.epub", "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("chapter.xhtml", "<p>text</p>")
    yield "no-opf.epub", "OPF"


def _bad_documents(path: Path) -> Iterator[tuple[str, str]]:
    from reportlab.lib.pdfencrypt import StandardEncryption

    whole = pdf_bytes("Cut off in the middle.")
    (path / "cut.pdf").write_bytes(whole[: len(whole) // 3])
    yield "cut.pdf", "damaged"
    (path / "locked.pdf").write_bytes(pdf_bytes("secret", StandardEncryption("secret")))
    yield "locked.pdf", "password"
    (path / "scanned.pdf").write_bytes(pdf_bytes(""))
    yield "scanned.pdf", "OCR"
    (path / "text-named.pdf").write_text("This is no PDF.", encoding="utf-8")
    yield "text-named.pdf", "not a PDF"
    (path / "locked.xlsx").write_bytes(OLE + "EncryptedPackage".encode("utf-16-le") + bytes(512))
    yield "locked.xlsx", "password"
    (path / "old.doc").write_bytes(OLE + "WordDocument".encode("utf-16-le") + bytes(512))
    yield "old.doc", "97"
    (path / "garbage.rtf").write_bytes(b"{\\rtf1" + b"{\\*\\x" * 20_000)
    yield "garbage.rtf", ""
    (path / "garbage.eml").write_bytes(b"no header here\n\nat all\n")
    yield "garbage.eml", "header"
    (path / "bomb.xml").write_text(f"{BOMB}<b>&a9;</b>", encoding="utf-8")
    yield "bomb.xml", "entity"


def _bad_tables(path: Path) -> Iterator[tuple[str, str]]:
    yield "lines.jsonl#2", "broken JSON"
    yield "lines.jsonl#4", "nested"
    (path / "deep.json").write_text("[" * 200_000, encoding="utf-8")
    yield "deep.json#", "nested"
    (path / "cut.json").write_text('[{"price": 1}, {"text": "bricht', encoding="utf-8")
    yield "cut.json#1", "no text"
    yield "cut.json#", "broken JSON"
    (path / "no-text.csv").write_text("sku,price\n1,2\n", encoding="utf-8")
    yield "no-text.csv#", "sku, price"
    (path / "quote.csv").write_text('id,text\n1,"never closed\n2,x\n', encoding="utf-8")
    yield "quote.csv#", "quote"
    (path / "png-named.csv").write_bytes(PNG)
    yield "png-named.csv#", "PNG"
    (path / "cut.parquet").write_bytes(b"PAR1" + bytes(range(256)) * 8)
    yield "cut.parquet#", ""
    (path / "empty.jsonl").touch()
    yield "empty.jsonl#", "empty"


def pdf_bytes(text: str, encrypt: object = None) -> bytes:
    """A PDF of one page with one line."""
    from reportlab.pdfgen.canvas import Canvas

    buffer = BytesIO()
    canvas = Canvas(buffer, encrypt=encrypt)
    canvas.drawString(50, 700, text)
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()
