"""PDFs of pictures of text, as scanners make them, with or without a bad text layer behind the picture."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import textwrap
import unicodedata
from pathlib import Path

import pytest
from interlingua.retrieval.types import Document
from PIL import Image, ImageDraw, ImageFont, features

DPI = 200
NOTO = Path("/usr/share/fonts/truetype/noto")
FONTS = {"de": "NotoSans", "ar": "NotoNaskhArabic", "hi": "NotoSansDevanagari", "th": "NotoSansThai"}
TEXTS = {
    "de": "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt "
    "und sollen einander im Geist der Brüderlichkeit begegnen.",
    "ar": "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق. وقد وهبوا عقلا وضميرا وعليهم أن يعامل بعضهم بعضا بروح "
    "الإخاء. لكل إنسان حق التمتع بكافة الحقوق والحريات الواردة في هذا الإعلان.",
    "hi": "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है। उन्हें बुद्धि और अन्तरात्मा की देन प्राप्त है "
    "और परस्पर उन्हें भाईचारे के भाव से बर्ताव करना चाहिए।",
    "th": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ ต่างมีเหตุผลและมโนธรรม และควรปฏิบัติต่อกันด้วยเจตนารมณ์แห่งภราดรภาพ",
}
"""Article 1 of the Universal Declaration of Human Rights; of the Arabic one the beginning of article 2 too."""

SCATTERED = (
    "मा नव अधि का रों की सा र्वभौ म घो षणा चूंकि मा नव परि वा र के सभी सदस्यों के जन्मजा त गौ रव और समा न तथा अवि च्छि न्न "
    "अधि का र की स्वी कृति ही वि श्व-शा न्ति , न्या य और स्वतन्त्रता की बुनि या द है, चूंकि मा नव अधि का रों के प्रति उपेक्षा"
)
"""As Chromium and PDFium together give a Hindi text."""


def _languages() -> set[str]:
    if shutil.which("tesseract") is None:
        return set()
    return set(subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True).stdout.split())


MISSING = {"deu", "ara", "hin", "tha", "eng", "osd"} - _languages()
REQUIRED = bool(os.environ.get("INTERLINGUA_TEST_OCR"))
needs_tesseract = pytest.mark.skipif(
    not REQUIRED and (bool(MISSING) or not NOTO.exists() or not features.check("raqm")),
    reason="needs tesseract, data and fonts: apt-get install tesseract-ocr tesseract-ocr-osd tesseract-ocr-ara "
    "tesseract-ocr-deu tesseract-ocr-hin tesseract-ocr-tha fonts-noto-core",
)
"""Skipped without them unless they are required, as in `.ci/run`."""


def picture(language: str, text: str | None = None, *, width: int = 1500) -> Image.Image:
    """A page with the text of a language, as a scanner sees it at 200 dpi."""
    font = ImageFont.truetype(str(NOTO / f"{FONTS[language]}-Regular.ttf"), 34, layout_engine=ImageFont.Layout.RAQM)
    image = Image.new("L", (width, 700), 250)
    pen = ImageDraw.Draw(image)
    for row, line in enumerate(textwrap.wrap(text or TEXTS[language], 60)):
        right = language == "ar"
        place = (width - 100 if right else 100, 60 + 80 * row)
        pen.text(place, line, fill=20, font=font, anchor="ra" if right else "la", language=language)
    return image


def scanned(path: Path, *images: Image.Image) -> Path:
    """A PDF with these pictures as its pages."""
    images[0].save(path, save_all=True, append_images=images[1:], resolution=DPI)
    return path


def layered(path: Path, *pages: tuple[Image.Image | None, str], size: tuple[float, float] = (540.0, 252.0)) -> Path:
    """A PDF whose pages show a picture and have a text of their own behind it, or just that text."""
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path), pagesize=size)
    pdfmetrics.registerFont(TTFont("Deva", str(NOTO / "NotoSansDevanagari-Regular.ttf")))
    pdfmetrics.registerFont(TTFont("Noto", str(NOTO / "NotoSans-Regular.ttf")))
    for image, text in pages:
        if image is not None:
            canvas.drawImage(ImageReader(image), 0, 0, *size)
        pen = canvas.beginText(20, 200)
        pen.setFont("Deva" if "\u0900" <= text[:1] <= "\u097f" else "Noto", 8)
        pen.setTextRenderMode(3 if image is not None else 0)
        pen.textLines(textwrap.wrap(text, 90))
        canvas.drawText(pen)
        canvas.showPage()
    canvas.save()
    return path


def error_rate(document: Document, text: str) -> float:
    """Share of the characters of `text` that would have to be changed, without regard to blanks and line ends."""
    found, wanted = _bare(document.text), _bare(text)
    row = list(range(len(wanted) + 1))
    for place, character in enumerate(found, start=1):
        before, row[0] = row[0], place
        for index, other in enumerate(wanted, start=1):
            before, row[index] = row[index], min(before + (character != other), row[index] + 1, row[index - 1] + 1)
    return row[-1] / len(wanted)


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text)))
