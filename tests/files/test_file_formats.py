"""Every format gives back the sentences that were put in, in every script."""

from __future__ import annotations

from pathlib import Path

import file_makers
import pytest
from file_samples import SAMPLES
from interlingua.connectors.files import FilesConnector
from interlingua.retrieval.types import Pending
from reading_helpers import nfc, read_all, read_one


@pytest.mark.parametrize("extension", file_makers.DOCUMENT_MAKERS)
def test_a_document_gives_back_its_sentences_in_every_script(extension: str, tmp_path: Path) -> None:
    for language, (title, paragraphs) in SAMPLES.items():
        file_makers.DOCUMENT_MAKERS[extension](tmp_path / f"{language}.{extension}", title, paragraphs)
    documents, skips = read_all(tmp_path, name="set")
    assert not skips
    for language, (title, paragraphs) in SAMPLES.items():
        document = documents[f"set/{language}.{extension}"]
        text = nfc(document.text)
        places = [text.find(nfc(paragraph)) for paragraph in paragraphs]
        assert -1 not in places, (language, paragraphs, document.text)
        assert places == sorted(places)
        assert document.metadata["format"] == ("text" if extension == "txt" else document.metadata["format"])
        if extension not in ("txt", "ods", "odp"):
            assert document.title is not None
            assert nfc(document.title) == nfc(title)


@pytest.mark.parametrize("extension", file_makers.TABLE_MAKERS)
def test_every_row_of_a_table_is_a_document(extension: str, tmp_path: Path) -> None:
    for language, (title, paragraphs) in SAMPLES.items():
        file_makers.TABLE_MAKERS[extension](tmp_path / f"{language}.{extension}", title, paragraphs)
    documents, skips = read_all(tmp_path, name="set", columns={"id": "sku"})
    assert not skips
    assert len(documents) == sum(len(paragraphs) for _, paragraphs in SAMPLES.values())
    for language, (title, paragraphs) in SAMPLES.items():
        for number, paragraph in enumerate(paragraphs):
            document = documents[f"set/{language}.{extension}#k{number}"]
            assert document.text == paragraph
            assert document.title == title
            assert document.revision == ""


@pytest.mark.parametrize("language", [*file_makers.CID_FONTS, "en", "de", "vi", "ru", "el", "ka", "he"])
def test_a_pdf_gives_back_its_sentences(language: str, tmp_path: Path) -> None:
    title, paragraphs = SAMPLES[language]
    if language not in file_makers.CID_FONTS and not file_makers.DEJAVU.exists():
        pytest.skip("no TrueType font installed")
    # PDF producers draw Hebrew from left to right on the page, last letter first.
    drawn = [text[::-1] for text in paragraphs] if language == "he" else paragraphs
    file_makers.pdf(tmp_path / "a.pdf", title, drawn, font=file_makers.register_font(language))
    document = read_one(tmp_path / "a.pdf")
    pages = nfc(document.text).split("\n\n")
    assert document.title == title
    assert document.metadata["pages"] == len(paragraphs) == len(pages)
    for page, paragraph in zip(pages, paragraphs, strict=True):
        # Full stops drift to the line edge in text written from the right; the words stay.
        assert page.strip(".") == nfc(paragraph).strip(".")


def test_an_unchanged_file_is_listed_without_being_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("eins", encoding="utf-8")
    (item,) = FilesConnector(tmp_path).documents()
    assert isinstance(item, Pending)
    (again,) = FilesConnector(tmp_path).documents()
    assert item.revision == again.revision != ""
    path.write_text("zwei und drei", encoding="utf-8")
    (changed,) = FilesConnector(tmp_path).documents()
    assert changed.revision != item.revision


def test_markdown_front_matter_becomes_title_language_and_metadata(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(
        "---\ntitle: 'Grüße: ein Brief'\nlang: de_AT\ntags:\n  - Post\n  - Reise\ndraft: false\nyear: 2024\n---\n"
        "# Erster Abschnitt\n\nHallo.\n",
        encoding="utf-8",
    )
    document = read_one(path)
    assert document.title == "Grüße: ein Brief"
    assert document.language == "de-AT"
    assert document.text == "# Erster Abschnitt\n\nHallo.\n"
    assert document.metadata["tags"] == ["Post", "Reise"]
    assert document.metadata["draft"] is False
    assert document.metadata["year"] == 2024


def test_markdown_between_two_rules_is_text_and_no_front_matter(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("---\nNur ein Satz.\n\n---\n\nTitel\n=====\n", encoding="utf-8")
    document = read_one(path)
    assert "Nur ein Satz." in document.text
    assert document.title == "Titel"


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("# Titel ##\n", "Titel"),
        ("#  \n## #\n   ###\tZwei  \t#  \n", "Zwei"),
        ("## " + "# " * 500_000 + "x\n", ("# " * 250)),
        ("# " + " " * 1_000_000 + "\nText\n", None),
        ("# a" + " " * 1_000_000 + "b\nText\n", "a b"),
    ],
)
def test_the_first_markdown_heading_is_the_title(source: str, title: str | None, tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(source + "Text\n", encoding="utf-8")
    assert read_one(path).title == title


def test_front_matter_of_any_shape_is_read_in_time_by_its_length(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    lines = ["title : T", "a b: c:d", "x" + " " * 40_000 + "y", "list:", *["- e"] * 10_000]
    path.write_text("\n".join(["---", lines[0], lines[1], "no:pair", "---", "Text"]), encoding="utf-8")
    assert read_one(path).text.startswith("---")  # "no:pair" is no YAML
    path.write_text("\n".join(["---", *lines[:2], " " + lines[2], *lines[3:], "---", "Text"]), encoding="utf-8")
    document = read_one(path)
    assert document.title == "T"
    assert document.metadata["a b"] == "c:d"
    assert document.metadata["list"] == ["e"] * 100


def test_what_a_file_says_about_itself_is_bounded(tmp_path: Path) -> None:
    people = ", ".join(f"p{n}@example.org" for n in range(1_000))
    parts = "".join(
        f'--b\r\nContent-Type: image/png; name="{n}.png"\r\nContent-Disposition: attachment; filename="{n}.png"\r\n\r\n'
        for n in range(300)
    )
    head = (
        f"From: Ann <a@example.org>\r\nTo: {people}\r\nSubject: T\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    )
    path = tmp_path / "a.eml"
    path.write_bytes(f"{head}--b\r\nContent-Type: text/plain\r\n\r\nHallo\r\n{parts}--b--\r\n".encode())
    metadata = read_one(path).metadata
    assert metadata["from"] == "Ann <a@example.org>"
    assert len(metadata["to"]) == 10_000  # type: ignore[arg-type]
    assert metadata["attachments"] == [f"{n}.png" for n in range(100)]
    path = tmp_path / "a.md"
    path.write_text("---\n" + "".join(f"k{n}: {'v' * 400}\n" for n in range(200)) + "---\nText\n", encoding="utf-8")
    assert sum(len(name) + len(str(value)) for name, value in read_one(path).metadata.items()) < 21_000


def test_html_keeps_blocks_tables_and_joiners_and_drops_furniture(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text(
        "<header>Logo</header><nav>Menü</nav><main><header><h1>می‌خواهم</h1></header>"
        "<p>eins <b>zwei</b>\n drei</p><ul><li>Apfel<li><p>Birne</p></ul><ol></ol>"
        "<table><tr><th>Stadt<th>Land<tr><td>Köln<td>DE</table>"
        "<table><tr><td><h2>Layout</h2><p>Absatz eins<p>Absatz zwei</table>"
        "<pre>a\n  b</pre><p>図書館は\n九時に開く</p><ruby>漢<rt>かん</rt></ruby>"
        "<p hidden>weg</p><p style='display: none'>weg</p><p aria-hidden='true'>weg</p></main>"
        "<aside>Werbung</aside><script>weg()</script><style>weg</style><template>weg</template><footer>weg</footer>",
        encoding="utf-8",
    )
    assert read_one(path).text == (
        "# می‌خواهم\n\neins zwei drei\n\n- Apfel\n- Birne\n\nStadt | Land\nKöln | DE\n\n## Layout\n\n"
        "Absatz eins\n\nAbsatz zwei\n\na\n  b\n\n図書館は九時に開く\n\n漢"
    )


def test_html_that_is_all_furniture_is_read_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text("<body><header><p>Nur hier steht etwas.</p></header></body>", encoding="utf-8")
    assert read_one(path).text == "Nur hier steht etwas."


def test_docx_keeps_order_lists_tables_insertions_and_content_controls(tmp_path: Path) -> None:
    import docx
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    document = docx.Document()
    document.add_heading("Überschrift", 2)
    document.add_paragraph("vor der Tabelle")
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text, table.cell(0, 1).text = "links\nunten", "rechts"
    document.add_paragraph("Punkt", style="List Bullet")
    body = document.element.body
    names = nsdecls("w")
    for source in (
        f"<w:p {names}><w:ins><w:r><w:t>eingefügt</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>weg</w:delText></w:r></w:del></w:p>",
        f"<w:sdt {names}><w:sdtContent><w:p><w:r><w:t>im Steuerelement</w:t></w:r></w:p></w:sdtContent></w:sdt>",
    ):
        body.insert(len(body) - 1, parse_xml(source))
    document.save(str(tmp_path / "a.docx"))
    found = read_one(tmp_path / "a.docx")
    assert found.text.split("\n") == [
        "## Überschrift",
        "vor der Tabelle",
        "",
        "links unten | rechts",
        "",
        "- Punkt",
        "eingefügt",
        "im Steuerelement",
    ]
    assert found.title == "Überschrift"


def test_docx_drops_the_readings_above_words(tmp_path: Path) -> None:
    import docx
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    document = docx.Document()
    ruby = (
        f"<w:p {nsdecls('w')}><w:r><w:ruby><w:rubyPr><w:lid w:val='ja-JP'/></w:rubyPr>"
        "<w:rt><w:r><w:t>としょかん</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>図書館</w:t></w:r></w:rubyBase>"
        "</w:ruby></w:r><w:r><w:t>は九時に開く。</w:t></w:r></w:p>"
    )
    document.element.body.insert(0, parse_xml(ruby))
    document.save(str(tmp_path / "a.docx"))
    assert read_one(tmp_path / "a.docx").text == "図書館は九時に開く。"


def test_pptx_gives_tables_groups_and_notes(tmp_path: Path) -> None:
    import pptx
    from pptx.util import Inches

    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[5])
    slide.shapes.title.text = "Plan"
    size = [Inches(1)] * 4
    cells = slide.shapes.add_table(1, 2, *size).table
    cells.cell(0, 0).text, cells.cell(0, 1).text = "eins", "zwei"
    slide.shapes.add_group_shape().shapes.add_textbox(*size).text_frame.text = "in der Gruppe"
    slide.notes_slide.notes_text_frame.text = "Notiz"
    presentation.save(str(tmp_path / "a.pptx"))
    document = read_one(tmp_path / "a.pptx")
    assert document.text == "# Plan\neins | zwei\nin der Gruppe\nNotiz"
    assert document.metadata["slides"] == 1
    assert document.title == "Plan"


def test_xlsx_gives_sheets_with_names_dates_and_cached_values(tmp_path: Path) -> None:
    import datetime as dt

    import openpyxl

    workbook = openpyxl.Workbook()
    workbook.active.title = "Städte"
    workbook.active.append(["Köln", 1.5, 2.0, dt.datetime(2024, 3, 5), None, True])
    workbook.create_sheet("Leer")
    workbook.create_sheet("都市").append(["東京"])
    workbook.save(tmp_path / "a.xlsx")
    workbook.close()
    document = read_one(tmp_path / "a.xlsx")
    assert document.text == "# Städte\nKöln | 1.5 | 2 | 2024-03-05 |  | True\n\n# 都市\n東京"
    assert document.metadata["sheets"] == ["Städte", "Leer", "都市"]


def test_an_e_mail_has_its_headers_and_attachment_names(tmp_path: Path) -> None:
    file_makers.eml(tmp_path / "a.eml", "Grüße", ["Hallo Bob"])
    document = read_one(tmp_path / "a.eml")
    assert document.text.strip() == "Hallo Bob"
    assert document.metadata["from"] == "Ann <ann@example.org>"
    assert document.metadata["date"] == "2024-03-05T10:00:00+01:00"
    assert document.metadata["attachments"] == ["plan.bin"]


def test_an_e_mail_in_a_legacy_charset_and_html_only_is_read(tmp_path: Path) -> None:
    body = "<p>明日の朝、図書館は九時に開きます。</p>".encode("iso-2022-jp")
    head = b"Subject: =?iso-2022-jp?B?GyRCP15ANxsoQg==?=\r\nContent-Type: text/html; charset=iso-2022-jp\r\n\r\n"
    (tmp_path / "a.eml").write_bytes(head + body)
    assert read_one(tmp_path / "a.eml").text == "明日の朝、図書館は九時に開きます。"


def mail(path: Path, subtype: str, *parts: str) -> None:
    boundary = f"----{subtype}"
    body = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    head = f"Subject: T\r\nMIME-Version: 1.0\r\nContent-Type: multipart/{subtype}; boundary={boundary}\r\n\r\n"
    path.write_bytes(f"{head}{body}--{boundary}--\r\n".encode())


PLAIN = "Content-Type: text/plain; charset=utf-8\r\n\r\n"
HTML = "Content-Type: text/html; charset=utf-8\r\n\r\n"
IMAGE = "Content-Type: image/png\r\nContent-Disposition: inline; filename=a.png\r\n\r\nx"
NOTE = "Content-Type: text/plain\r\nContent-Disposition: attachment; filename=n.txt\r\n\r\nAnhang"
FORWARDED = "Content-Type: message/rfc822\r\n\r\nSubject: W\r\nContent-Type: text/plain\r\n\r\nweitergeleitet"


def test_an_e_mail_is_all_its_inline_parts_in_order(tmp_path: Path) -> None:
    mail(tmp_path / "a.eml", "mixed", PLAIN + "Vor dem Bild.", IMAGE, PLAIN + "Nach dem Bild.", NOTE, FORWARDED)
    assert read_one(tmp_path / "a.eml").text == "Vor dem Bild.\n\nNach dem Bild."
    mail(tmp_path / "a.eml", "related", HTML + "<p>eins", IMAGE, HTML + "<p>zwei")
    assert read_one(tmp_path / "a.eml").text == "eins\n\nzwei"


def test_a_forwarded_text_does_not_take_the_place_of_the_mails_own(tmp_path: Path) -> None:
    mail(tmp_path / "a.eml", "mixed", HTML + "<p>Siehe unten.", FORWARDED)
    assert read_one(tmp_path / "a.eml").text == "Siehe unten."


def test_an_opendocument_text_keeps_spaces_lists_tables_and_drops_comments(tmp_path: Path) -> None:
    body = (
        "<office:text><text:tracked-changes><text:p>gelöscht</text:p></text:tracked-changes>"
        '<text:p>a<text:s text:c="2"/>b<text:span>c</text:span>d<office:annotation><text:p>nein</text:p>'
        "</office:annotation>e</text:p><text:list><text:list-item><text:p>Punkt</text:p></text:list-item></text:list>"
        "<table:table><table:table-row><table:table-cell><text:p>1</text:p></table:table-cell><table:table-cell>"
        "<text:p>2</text:p></table:table-cell></table:table-row></table:table></office:text>"
    )
    file_makers.open_document(tmp_path / "a.odt", "text", body)
    assert read_one(tmp_path / "a.odt").text == "a bcde\n- Punkt\n1 | 2"


def test_rtf_reads_the_code_page_of_its_header(tmp_path: Path) -> None:
    word = "".join(f"\\'{byte:02x}" for byte in "Привет".encode("cp1251"))
    (tmp_path / "a.rtf").write_bytes(b"{\\rtf1\\ansi\\ansicpg1251 " + word.encode() + b"\\par}")
    assert read_one(tmp_path / "a.rtf").text.strip() == "Привет"


def test_rtf_joins_the_halves_of_an_emoji(tmp_path: Path) -> None:
    (tmp_path / "a.rtf").write_bytes(b"{\\rtf1\\ansi\\uc1 gut \\u-10179?\\u-8704? und \\u-10179? halb\\par}")
    assert read_one(tmp_path / "a.rtf").text.strip() == "gut 😀 und \ufffd halb"
