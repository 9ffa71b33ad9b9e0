"""Pages of PDFs without usable text are read by tesseract, and the document says what became of them."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import interlingua
import psutil
import pytest
from interlingua.app.doctor import examine
from interlingua.connectors.files import FilesConnector, Limits
from interlingua.connectors.files.content import Content, Page, UnreadableError
from interlingua.connectors.files.formats import pdf_gates
from interlingua.connectors.files.ocr import agreement
from interlingua.connectors.files.ocr.agreement import confirms
from interlingua.connectors.files.ocr.choosing import for_page
from interlingua.connectors.files.ocr.options import Ocr
from interlingua.connectors.files.ocr.reread import reread
from interlingua.connectors.files.ocr.tesseract import Tesseract
from interlingua.connectors.files.pool import WorkerPool
from interlingua.connectors.sync.plan import Plan
from interlingua.retrieval.errors import ConfigurationError
from interlingua.retrieval.types import Document, Pending
from PIL import Image
from reading_helpers import read_one, reason_of
from scans import SCATTERED, TEXTS, error_rate, layered, needs_tesseract, picture, scanned

GOOD = "Dies ist eine Seite, deren Text so stimmt, wie er in der Datei steht, und bleibt. " * 3


def limits(**options: object) -> Limits:
    return Limits(ocr=Ocr(dpi=200, **options))  # type: ignore[arg-type]


def only(languages: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tesseract find these data alone."""
    for name in (
        "/usr/share/tesseract-ocr/5/tessdata",
        "/usr/share/tesseract-ocr/4.00/tessdata",
        "/usr/share/tessdata",
    ):
        if Path(name).is_dir():
            data = Path(os.environ.get("TESSDATA_PREFIX", name))
            break
    for path in data.iterdir():
        if path.suffix != ".traineddata" or path.stem in languages.split():
            (folder / path.name).symlink_to(path)
    monkeypatch.setenv("TESSDATA_PREFIX", str(folder))


@needs_tesseract
@pytest.mark.parametrize(("language", "data"), [("de", "deu"), ("ar", "ara"), ("hi", "hin"), ("th", "tha")])
def test_a_scan_is_read_in_the_language_that_is_said(language: str, data: str, tmp_path: Path) -> None:
    path = scanned(tmp_path / "a.pdf", picture(language))
    document = read_one(path, limits=limits(languages=(language,)))
    assert error_rate(document, TEXTS[language]) < 0.05, document.text
    assert document.metadata["ocr_pages"] == "1"
    assert document.metadata["ocr_data"] == [data]
    assert float(str(document.metadata["ocr_confidence"])) > 0.8
    assert "needs_ocr" not in document.metadata


@needs_tesseract
def test_a_scan_whose_language_nobody_says_is_told_by_what_is_on_it_though_it_lies_upside_down(tmp_path: Path) -> None:
    page = picture("de", TEXTS["de"] * 2)
    blank = Image.new("L", page.size, 255)
    document = read_one(scanned(tmp_path / "a.pdf", blank, page.rotate(180), page), limits=limits())
    assert error_rate(document, TEXTS["de"] * 4) < 0.05, document.text
    assert "Würde" in document.text  # by the German data, not by those of all languages in Latin letters
    assert document.metadata["ocr_pages"] == "2-3"
    assert document.metadata["ocr_data"] == ["deu"]
    assert "needs_ocr" not in document.metadata  # the blank page is none that could be read


@needs_tesseract
def test_a_scan_too_short_to_tell_its_script_is_read_with_all_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = scanned(tmp_path / "a.pdf", picture("hi"))
    for name in ("both", "german"):
        (tmp_path / name).mkdir()
    only("deu hin osd", tmp_path / "both", monkeypatch)
    document = read_one(path, limits=limits())
    assert error_rate(document, TEXTS["hi"]) < 0.05, document.text
    assert document.metadata["ocr_data"] == ["hin"]
    only("deu osd", tmp_path / "german", monkeypatch)
    assert "ocr_languages" in reason_of(path, limits=limits())


@needs_tesseract
def test_a_page_upside_down_is_turned_also_where_the_language_is_said(tmp_path: Path) -> None:
    path = scanned(tmp_path / "a.pdf", picture("de", TEXTS["de"] * 2).rotate(180))
    assert error_rate(read_one(path, limits=limits(languages=("de",))), TEXTS["de"] * 2) < 0.05


@needs_tesseract
def test_what_is_read_without_confidence_is_not_taken(tmp_path: Path) -> None:
    path = layered(tmp_path / "a.pdf", (picture("de"), SCATTERED))
    document = read_one(path, limits=limits())  # in Hindi, as its text says, and the page is in German
    assert document.text.startswith("मा नव")
    assert document.metadata["needs_ocr_pages"] == "1"
    assert "ocr_pages" not in document.metadata


@needs_tesseract
def test_what_is_read_goes_through_the_gates_too(tmp_path: Path) -> None:
    path = scanned(tmp_path / "a.pdf", picture("hi", SCATTERED))  # printed with blanks inside words
    assert "needs OCR" in reason_of(path, limits=limits(languages=("hi",)))


@needs_tesseract
def test_of_a_good_document_the_bad_pages_are_read_and_the_others_stay(tmp_path: Path) -> None:
    pages = [(None, GOOD), (picture("hi"), SCATTERED), (picture("de"), ""), (None, "Seite 4")]
    document = read_one(layered(tmp_path / "a.pdf", *pages), limits=limits())
    assert document.text.replace("\n", " ").startswith(GOOD)
    assert document.text.endswith("\n\nSeite 4")
    assert 0 < document.text.find("अधिकारों") < document.text.find("Brüderlichkeit")
    assert "मा नव" not in document.text
    assert document.metadata["ocr_pages"] == "2-3"
    assert document.metadata["ocr_data"] == ["deu", "hin"]
    assert "needs_ocr" not in document.metadata


@needs_tesseract
def test_missing_data_are_named_and_the_document_is_kept_with_its_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    only("eng deu", tmp_path / "data", monkeypatch)
    path = layered(tmp_path / "a.pdf", (None, GOOD), (picture("hi"), SCATTERED))
    document = read_one(path)
    assert document.metadata["needs_ocr"] is True
    assert document.metadata["needs_ocr_pages"] == "2"
    assert document.metadata["needs_ocr_reason"] == "blanks inside words"
    assert "apt-get install tesseract-ocr-hin" in str(document.metadata["needs_ocr_fix"])
    assert "मा नव" in document.text
    scan = scanned(tmp_path / "b.pdf", picture("hi"))
    assert "tesseract-ocr-hin" in reason_of(scan, limits=limits(languages=("hi",)))
    assert "tesseract-ocr-osd" in reason_of(scan)
    assert "ocr_languages" in reason_of(scan)


@needs_tesseract
def test_what_is_read_in_another_language_of_the_script_keeps_its_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    only("eng osd", tmp_path / "data", monkeypatch)
    document = read_one(scanned(tmp_path / "a.pdf", picture("de", TEXTS["de"] * 2)), limits=limits())
    assert "Vernunft" in document.text
    assert document.metadata["ocr_data"] == ["eng"]
    assert "tesseract-ocr-deu" in str(document.metadata["needs_ocr_fix"])


def test_without_the_extra_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pytesseract", None)
    image = Image.effect_noise((600, 300), 80)
    assert "pip install 'interlingua[ocr]'" in reason_of(scanned(tmp_path / "a.pdf", image))


@needs_tesseract
def test_without_the_program_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "apt-get install tesseract-ocr)" in reason_of(scanned(tmp_path / "a.pdf", picture("de")))


@needs_tesseract
def test_a_page_that_takes_too_long_costs_that_page(tmp_path: Path) -> None:
    path = layered(tmp_path / "a.pdf", (None, GOOD), (picture("de"), ""))
    document = read_one(path, limits=limits(max_page_seconds=0.01))
    assert document.metadata["needs_ocr_pages"] == "2"
    assert "Ocr.max_page_seconds" in str(document.metadata["needs_ocr_fix"])
    assert document.text.replace("\n", " ") == GOOD.strip()


@needs_tesseract
def test_of_a_long_scan_the_first_pages_are_read_and_the_others_named(tmp_path: Path) -> None:
    path = scanned(tmp_path / "a.pdf", *[picture("de")] * 3)
    document = read_one(path, limits=limits(max_pages=1, languages=("de",)))
    assert error_rate(document, TEXTS["de"]) < 0.05
    assert document.metadata["ocr_pages"] == "1"
    assert document.metadata["needs_ocr_pages"] == "2-3"
    assert "ocr_max_pages" in str(document.metadata["needs_ocr_fix"])


@needs_tesseract
def test_after_three_pages_that_fail_the_others_are_not_tried(tmp_path: Path) -> None:
    noise = Image.effect_noise((200, 200), 80)
    path = layered(tmp_path / "a.pdf", (None, GOOD), *[(noise, "")] * 12, size=(500_000.0, 500_000.0))
    began = time.monotonic()
    document = read_one(path, limits=limits())
    assert document.metadata["needs_ocr_pages"] == "2-13"
    assert "OCR of page 4 failed" in str(document.metadata["needs_ocr_fix"])  # the page that all after it stand for
    assert time.monotonic() - began < 60


def test_after_three_pages_that_fail_the_others_are_not_tried_either_where_no_script_can_be_told() -> None:
    tried = []

    def extract(name: str, **_: object) -> Content:
        if name == "pdf-page":
            tried.append(name)
        raise UnreadableError("took longer than 60 s (Ocr.max_page_seconds)")

    pages = (*[Page("", pdf_gates.NO_TEXT)] * 9, Page("Seite 10"))
    content = reread(
        Content(text="", pages=pages), extract, Ocr(), Tesseract(version="5", data=frozenset({"deu", "osd"}))
    )
    assert content.metadata["needs_ocr_pages"] == "1-9"
    assert "OCR of page 3 failed" in str(content.metadata["needs_ocr_fix"])
    assert len(tried) == 3


@needs_tesseract
def test_the_language_that_is_said_goes_before_that_of_the_cover_page(tmp_path: Path) -> None:
    cover = "This is a digital copy of a book that was preserved for generations on library shelves."
    path = layered(tmp_path / "a.pdf", (None, cover), (picture("de", TEXTS["de"] * 2), ""))
    document = read_one(path, limits=limits(languages=("de",)))
    assert "deu" in document.metadata["ocr_data"]  # type: ignore[operator]
    assert "Würde" in document.text


@pytest.mark.parametrize("fault", [None, pdf_gates.SCATTERED])
def test_the_languages_that_are_said_come_first(fault: str | None) -> None:
    tesseract = Tesseract(version="5", data=frozenset({"eng", "deu", "hin", "mar"}))
    text = SCATTERED if fault else ""
    said = Ocr(languages=("mr", "de"))
    assert for_page(text, fault, "hi", said, tesseract).data == (("mar", "hin") if fault else ("mar", "deu", "hin"))


@needs_tesseract
def test_a_scan_with_a_line_stamped_on_it_is_read_and_keeps_the_line(tmp_path: Path) -> None:
    stamp = "Case 1:20-cv-01234-ABC Document 12 Filed 03/04/20 Page 3 of 10"
    path = layered(tmp_path / "a.pdf", (picture("de"), stamp))
    document = read_one(path, limits=limits(languages=("de",)))
    assert document.text.startswith(stamp)
    assert error_rate(document, stamp + TEXTS["de"]) < 0.05, document.text
    assert document.metadata["ocr_pages"] == "1"
    assert "needs_ocr" not in document.metadata


@needs_tesseract
@pytest.mark.parametrize("image", [Image.effect_noise((1500, 700), 80), Image.new("L", (1500, 700), 120)])
def test_a_photograph_with_a_caption_needs_no_ocr(image: Image.Image, tmp_path: Path) -> None:
    caption = "Abbildung 3: Der Marktplatz im Winter, vom Turm aus gesehen."
    document = read_one(layered(tmp_path / "a.pdf", (image, caption)), limits=limits(languages=("de",)))
    assert document.text == caption
    assert "needs_ocr" not in document.metadata


@needs_tesseract
def test_a_layer_that_says_what_is_printed_stays_whatever_a_gate_takes_it_for(tmp_path: Path) -> None:
    path = scanned(tmp_path / "a.pdf", picture("de"))
    ticked = f"{TEXTS['de']} \uf0fc\uf0fc\uf0fc\uf0fc\uf0fc\uf0fc\uf0fc\uf0fc"  # an opinion in ticks
    page = Page(ticked, pdf_gates.fault(ticked))
    assert page.fault == pdf_gates.UNMAPPED
    pool = WorkerPool(limits(languages=("de",)))
    content = Content(text=ticked, pages=(page,))
    content = reread(content, partial(pool.extract, str(path)), Ocr(dpi=200, languages=("de",)), pool.tesseract)
    assert (content.text, content.metadata) == (ticked, {})


# What tesseract reads with Arabic data for want of Persian ones, with an error of .22; and what Chromium makes of it.
PERSIAN = (
    "هک چیست و چگونه از هک شدن جلوگیری کنیم هک به معنای نفوذ به رایانه یا شبکه است. "
    "هک اخلاقی با اجازهٔ مالک انجام می‌شود."
)
READ = (
    "هك جيست و جكونه از هك شدن جلوكيرى كنيم\n\nهك به معناى نفوذ به رايانه يا شبكه "
    "أست. هك اخلاقى با اجازة مالك انجام مى شود."
)
BACKWARDS = (
    "هک تسیچ و هنوگچ از هک شدن جلوگیری مینک هک هب یانعم ذوفن هب هنایار ای هکبش تسا. "
    "هک یقالخا اب هزاجا کلام ماجنا دوشیم."
)


@pytest.mark.parametrize(
    ("fault", "layer", "read", "stays"),
    [
        (pdf_gates.REVERSED, PERSIAN, READ, True),
        (pdf_gates.REVERSED, BACKWARDS, READ, False),
        (pdf_gates.REVERSED, BACKWARDS, PERSIAN, False),
        (pdf_gates.SCATTERED, SCATTERED, SCATTERED.replace("\u0964", ""), True),  # it is printed so
        (pdf_gates.SCATTERED, SCATTERED, re.sub(r"(?<=[\u093e\u093f\u0940]) ", "", SCATTERED), False),
        (pdf_gates.UNMAPPED, TEXTS["de"].replace("en", "\ue012"), TEXTS["de"], False),
        (pdf_gates.UNMAPPED, TEXTS["de"].replace("Vernunft", "\ue012" * 8), TEXTS["de"], False),
    ],
)
def test_a_layer_is_confirmed_by_what_ocr_reads_where_its_fault_would_show(
    fault: str, layer: str, read: str, stays: bool
) -> None:
    assert confirms(read, Page(layer, fault)) is stays


def test_the_error_rate_is_that_of_the_edits() -> None:
    assert agreement.error_rate("kitten", "sitting") == pytest.approx(3 / 7)
    assert agreement.error_rate("", "a") == 1
    assert agreement.error_rate("a", "a") == 0
    assert agreement.error_rate("abcd" * 100, "bcda" * 100) == pytest.approx(2 / 400)


@needs_tesseract
def test_a_page_of_ten_kilometres_is_not_drawn(tmp_path: Path) -> None:
    path = layered(tmp_path / "a.pdf", (picture("de"), ""), size=(28_000_000.0, 28_000_000.0))
    assert "Ocr.max_pixels" in reason_of(path, limits=limits(languages=("de",)))


@needs_tesseract
def test_a_large_page_is_drawn_with_fewer_dots(tmp_path: Path) -> None:
    path = layered(tmp_path / "a.pdf", (picture("de"), ""), size=(2_160.0, 1_008.0))
    document = read_one(path, limits=limits(languages=("de",), max_pixels=2_000_000))
    assert error_rate(document, TEXTS["de"]) < 0.05


@needs_tesseract
def test_tesseract_ends_with_the_worker_that_started_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = scanned(tmp_path / "a.pdf", Image.effect_noise((3_000, 3_000), 60))  # 10 s for tesseract
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # so that the process is known by the file that it reads
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def running() -> list[psutil.Process]:
        found = psutil.process_iter(["cmdline"])
        files = re.compile(rf"{tmp_path}/(interlingua-\w+/)?tess_")
        return [one for one in found if any(map(files.match, one.info["cmdline"] or ()))]

    pool, started = WorkerPool(limits()), []
    seconds = 2.0
    with ThreadPoolExecutor(1) as thread:
        while not started:  # a busy machine needs longer until it is that far
            seconds *= 2
            options = {"page": 0, "data": "deu"}
            asked = thread.submit(pool.extract, str(path), "pdf-page", seconds=seconds, options=options)
            while not (started := running()) and not asked.done():
                time.sleep(0.01)
            with pytest.raises(UnreadableError, match="took longer"):
                asked.result()
    assert [file.name for file in tmp_path.iterdir()] == ["a.pdf"]  # no pictures of its pages, nor their folder
    _, alive = psutil.wait_procs(started, timeout=1)
    assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]


@needs_tesseract
def test_a_marked_document_is_read_again_once_it_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    layered(tmp_path / "docs" / "marked.pdf", (None, GOOD), (picture("hi"), SCATTERED))
    layered(tmp_path / "docs" / "good.pdf", (None, GOOD))

    def ingest(**settings: object) -> interlingua.Report:
        with interlingua.open("index", embedder="support:NgramEmbedder", **settings) as index:
            return index.ingest("docs")

    def unusable(**settings: object) -> list[str]:
        findings = examine(store="index", embedder="support:NgramEmbedder", **settings)
        return [finding.message for finding in findings if finding.subject == "text"]

    report = ingest(ocr=False)
    assert (report.added, dict(report.needs_ocr)) == (2, {"set ocr = true": 1})
    assert ingest(ocr=False).unchanged == 2
    (message,) = unusable(ocr=False)
    assert message.startswith("1 document has pages of unusable text")
    assert "set ocr = true" in message
    report = ingest()
    assert (report.updated, report.unchanged, dict(report.needs_ocr)) == (1, 1, {})
    assert ingest().unchanged == 2
    with interlingua.open("index", embedder="support:NgramEmbedder") as index:
        assert [hit.chunk.metadata["path"] for hit in index.search("अधिकारों के मामले में", limit=1)] == ["marked.pdf"]
    assert not unusable()


@needs_tesseract
def test_doctor_says_what_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = [finding for finding in examine() if finding.subject == "tesseract"]
    assert [finding.level for finding in found] == ["ok"]
    assert all(name in found[0].message for name in ("ara", "deu", "hin", "tha"))
    (tmp_path / "data").mkdir()
    only("eng", tmp_path / "data", monkeypatch)
    levels = [finding.level for finding in examine(ocr_languages=("de",)) if finding.subject == "tesseract"]
    assert levels == ["ok", "note", "problem"]


def test_listed_documents_know_the_revisions_that_theirs_may_come_in(tmp_path: Path) -> None:
    layered(tmp_path / "a.pdf", (None, GOOD))
    (item,) = FilesConnector(tmp_path / "a.pdf", limits=Limits(ocr=Ocr(enabled=False))).documents()
    (other,) = FilesConnector(tmp_path / "a.pdf", limits=Limits(ocr=Ocr(languages=("th",)))).documents()
    assert not isinstance(item, interlingua.Document)
    assert item.revision == other.revision
    assert not set(item.also) & set(other.also)


@pytest.mark.parametrize("wrong", [{"languages": ("German text",)}, {"dpi": 0}, {"max_pages": 0}])
def test_wrong_options_are_named(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="ocr: "):
        Ocr(**wrong)  # type: ignore[arg-type]


class Listing:
    """One document, which comes in another revision than it is listed in."""

    source, complete = "listing", True

    def __init__(self) -> None:
        self.reads = 0

    def documents(self) -> Iterator[Pending]:
        def read() -> Document:
            self.reads += 1
            return Document(id="a", text=GOOD, revision="1 ocr:b")

        yield Pending(id="a", revision="1", also=("1 ocr:a", "1 ocr:b"), read=read)


def test_a_document_stored_in_another_revision_of_its_own_is_not_read_again(tmp_path: Path) -> None:
    listing, synced = Listing(), Listing()
    with interlingua.open(tmp_path / "index", embedder="support:NgramEmbedder") as index:
        for _ in range(2):
            index.ingest(listing)
    with interlingua.open(tmp_path / "other", embedder="support:NgramEmbedder") as index:
        for _ in range(2):
            index.sync(synced, plan=Plan(metadata={"topic": "work"}))
    assert (listing.reads, synced.reads) == (1, 1)
