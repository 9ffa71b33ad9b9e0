"""Write one document in every format. A maker takes (path, title, paragraphs)."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from pathlib import Path
from xml.sax.saxutils import escape

Maker = Callable[[Path, str, Sequence[str]], None]

DEJAVU = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
CID_FONTS = {
    "ja": "HeiseiMin-W3",
    "zh-Hans": "STSong-Light",
    "zh-Hant": "MSung-Light",
    "ko": "HYSMyeongJo-Medium",
}
OPEN_DOCUMENT = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" '
    'xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"'
)


def txt(path: Path, title: str, paragraphs: Sequence[str]) -> None:
    path.write_text("\n\n".join([title, *paragraphs]), encoding="utf-8")


def md(path: Path, title: str, paragraphs: Sequence[str]) -> None:
    body = "\n\n".join(paragraphs)
    path.write_text(f"---\ntitle: {title}\ntags: [a, b]\n---\n\n# {title}\n\n{body}\n", encoding="utf-8")


def html(path: Path, title: str, paragraphs: Sequence[str]) -> None:
    body = "".join(f"<p>{escape(paragraph)}</p>\n" for paragraph in paragraphs)
    path.write_text(
        f"<!doctype html><html><head><meta charset='utf-8'><title>{escape(title)}</title><script>var x = 1;</script>"
        f"</head><body><nav>Home Login</nav><main>{body}</main><footer>Imprint</footer></body></html>",
        encoding="utf-8",
    )


def xml(path: Path, title: str, paragraphs: Sequence[str]) -> None:
    body = "".join(f"<para>{escape(paragraph)}</para>" for paragraph in paragraphs)
    path.write_text(f"<article><title>{escape(title)}</title>{body}</article>", encoding="utf-8")


def docx(path: Path, title: str, paragraphs: Sequence[str]) -> None:
    import docx

    document = docx.Document()
    document.core_properties.title = title
    document.add_heading(title, 1)
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    document.save(str(path))


def pptx(path: Path, title: str, paragraphs: Sequence[str]) -> None:
    import pptx

    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    slide.shapes.title.text = title
    slide.placeholders[1].text = paragraphs[0]
    slide.notes_slide.notes_text_frame.text = "\n".join(paragraphs[1:])
    presentation.core_properties.title = title
    presentation.save(str(path))


def xlsx(path: Path, title: str, paragraphs: Sequence[str]) -> None:
    import openpyxl

    workbook = openpyxl.Workbook()
    workbook.properties.title = title
    for number, paragraph in enumerate(paragraphs):
        workbook.active.append([number, paragraph])
    workbook.save(path)
    workbook.close()


def odt(path: Path, title: str, paragraphs: Sequence[str]) -> None:
    body = f'<text:h text:outline-level="1">{escape(title)}</text:h>'
    body += "".join(f"<text:p>{escape(paragraph)}</text:p>" for paragraph in paragraphs)
    open_document(path, "text", f"<office:text>{body}</office:text>")


def ods(path: Path, title: str, paragraphs: Sequence[str]) -> None:
    rows = "".join(
        "<table:table-row>"
        + "".join(f"<table:table-cell><text:p>{escape(cell)}</text:p></table:table-cell>" for cell in (title, text))
        + "</table:table-row>"
        for text in paragraphs
    )
    table = f'<table:table table:name="Sheet">{rows}</table:table>'
    open_document(path, "spreadsheet", f"<office:spreadsheet>{table}</office:spreadsheet>")


def odp(path: Path, title: str, paragraphs: Sequence[str]) -> None:
    boxes = "".join(
        f"<draw:frame><draw:text-box><text:p>{escape(text)}</text:p></draw:text-box></draw:frame>"
        for text in (title, *paragraphs)
    )
    page = f'<draw:page draw:name="1">{boxes}</draw:page>'
    open_document(path, "presentation", f"<office:presentation>{page}</office:presentation>")


def open_document(path: Path, kind: str, body: str, prolog: str = "") -> None:
    content = f"<office:document-content {OPEN_DOCUMENT}><office:body>{body}</office:body></office:document-content>"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}", compress_type=zipfile.ZIP_STORED)
        archive.writestr("content.xml", f'<?xml version="1.0" encoding="UTF-8"?>{prolog}{content}')


def epub(path: Path, title: str, paragraphs: Sequence[str]) -> None:
    items = "".join(f'<item id="c{n}" href="text/c%20{n}.xhtml"/>' for n in range(len(paragraphs)))
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(paragraphs)))
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
        f"<dc:title>{escape(title)}</dc:title><dc:creator>A. N. Other</dc:creator></metadata>"
        f"<manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", compress_type=zipfile.ZIP_STORED)
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("OEBPS/book.opf", package)
        for number, paragraph in reversed(list(enumerate(paragraphs))):  # the spine decides, not the archive
            page = f'<html xmlns="http://www.w3.org/1999/xhtml"><body><p>{escape(paragraph)}</p></body></html>'
            archive.writestr(f"OEBPS/text/c {number}.xhtml", page)


def rtf(path: Path, title: str, paragraphs: Sequence[str]) -> None:
    body = "".join(_rtf(paragraph) + "\\par\n" for paragraph in paragraphs)
    source = f"{{\\rtf1\\ansi\\ansicpg1252\\uc1{{\\info{{\\title {_rtf(title)}}}}}\n{body}}}"
    path.write_bytes(source.encode("ascii"))


def _rtf(text: str) -> str:
    units = text.encode("utf-16-le")
    out = []
    for low, high in zip(units[::2], units[1::2], strict=True):
        unit = low | high << 8
        out.append(
            chr(unit) if 32 <= unit < 127 and chr(unit) not in "\\{}" else f"\\u{unit - (unit > 32767) * 65536}?"
        )
    return "".join(out)


def eml(path: Path, title: str, paragraphs: Sequence[str]) -> None:
    message = EmailMessage()
    message["Subject"] = title
    message["From"] = "Ann <ann@example.org>"
    message["To"] = "bob@example.org"
    message["Date"] = "Tue, 05 Mar 2024 10:00:00 +0100"
    message.set_content("\n\n".join(paragraphs))
    message.add_alternative("<p>the HTML twin</p>", subtype="html")
    message.add_attachment(b"\x00\x01", maintype="application", subtype="octet-stream", filename="plan.bin")
    path.write_bytes(message.as_bytes())


def pdf(path: Path, title: str, paragraphs: Sequence[str], *, font: str = "Helvetica", encrypt: object = None) -> None:
    """One page per paragraph, one line each; a script written from the right must be given in visual order."""
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path), encrypt=encrypt)
    canvas.setTitle(title)
    for paragraph in paragraphs:
        canvas.setFont(font, 9)
        canvas.drawString(40, 700, paragraph)
        canvas.showPage()
    canvas.save()


def register_font(language: str) -> str:
    """A font for the language: one of reportlab's CID fonts, or DejaVu."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.ttfonts import TTFont

    if language in CID_FONTS:
        pdfmetrics.registerFont(UnicodeCIDFont(CID_FONTS[language]))
        return CID_FONTS[language]
    pdfmetrics.registerFont(TTFont("DejaVuSans", str(DEJAVU)))
    return "DejaVuSans"


def csv_table(path: Path, title: str, paragraphs: Sequence[str]) -> None:
    _delimited(path, title, paragraphs, ";")


def tsv(path: Path, title: str, paragraphs: Sequence[str]) -> None:
    _delimited(path, title, paragraphs, "\t")


def _delimited(path: Path, title: str, paragraphs: Sequence[str], delimiter: str) -> None:
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["sku", "name", "body"])
        writer.writerows([f"k{n}", title, paragraph] for n, paragraph in enumerate(paragraphs))


def _records(title: str, paragraphs: Sequence[str]) -> list[dict[str, object]]:
    return [{"sku": f"k{n}", "name": title, "body": paragraph} for n, paragraph in enumerate(paragraphs)]


def json_table(path: Path, title: str, paragraphs: Sequence[str]) -> None:
    path.write_text(json.dumps({"version": 2, "documents": _records(title, paragraphs)}), encoding="utf-8")


def jsonl(path: Path, title: str, paragraphs: Sequence[str]) -> None:
    lines = [json.dumps(record, ensure_ascii=False) for record in _records(title, paragraphs)]
    path.write_text("\n".join(lines), encoding="utf-8")


def parquet(path: Path, title: str, paragraphs: Sequence[str]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(_records(title, paragraphs)), path)


DOCUMENT_MAKERS: dict[str, Maker] = {
    "txt": txt,
    "md": md,
    "html": html,
    "xml": xml,
    "docx": docx,
    "pptx": pptx,
    "xlsx": xlsx,
    "odt": odt,
    "ods": ods,
    "odp": odp,
    "epub": epub,
    "rtf": rtf,
    "eml": eml,
}
TABLE_MAKERS: dict[str, Maker] = {
    "csv": csv_table,
    "tsv": tsv,
    "json": json_table,
    "jsonl": jsonl,
    "parquet": parquet,
}
