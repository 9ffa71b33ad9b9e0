"""A page's text that cannot be what is printed on it is told from good text, in the scripts that PDFs break."""

from __future__ import annotations

import pytest
from file_samples import SAMPLES
from interlingua.connectors.files.formats import pdf_gates
from interlingua.connectors.files.formats.pdf_gates import fault, has_text
from interlingua.connectors.files.formats.pdf_text import tidy_page
from support import SENTENCES

# As PDFium reads what Chromium printed (the first five), and what fonts without a map to characters give.
BROKEN = {
    "ar": (
        pdf_gates.REVERSED,
        "ملّا كان الاعتراف ةماركلاب ةلصأتملا يف عيمج أعضاء الأسرة ةيرشبلا مهقوقحبو ةيواستملا ةتباثلا وه أساس ةيرحلا",
    ),
    "fa": (
        pdf_gates.REVERSED,
        "World Hello تنرتنیا ایشا هک هب ربا لصتم میشود. نیا پروژه کی چراغ بش تسا هک اب شهاک حطس نور اندازهگیری شده",
    ),
    "hi": (
        pdf_gates.SCATTERED,
        "मा नव अधि का रों की सा र्वभौ म घो षणा चूंकि मा नव परि वा र के सभी सदस्यों के जन्मजा त गौ रव और समा न तथा "
        "अवि च्छि न्न अधि का र की स्वी कृति ही वि श्व-शा न्ति , न्या य और स्वतन्त्रता की बुनि या द है",
    ),
    "my": (
        pdf_gates.SCATTERED,
        "(COVID-19) သည် ယခုအချိ န်ချိအန် ထိ တရုတ်နှင့် ကမ္ဘာ့ အမ္ဘာ့ ခြား ဒေ သများ တွင်တွ င်လူပေါ လူ ပေါ င်း "
        "3,000 ကျော် ကို သေ စေ ခဲ့ပြီး 80,000 ကျော် အထိ ကူး စက်ခံခဲ့ရသော ကြော င့် လူသား လူ သား များ အတွက်တွ က"
        "်ကပ်ဘေး ကြီး တစ်ခု ဖြ စ်ပေါ် စေ ခဲ့သည်။ 2003 ခုနှစ်တွင်တွ င်လူ ထော င်ပေါ င်း များ စွာ ၌ SARS ရော ဂါ "
        "ကူး စက်ဖြ စ်ပွား စေ ခဲ့သည့် ၎င်း ၏ မျိုး တူဗို တူ ဗိုင်း ရပ်စ် SARS-CoV နှင့် အလား တူပ တူ င် SARS-Co"
        "V-2 သည်လည်း လင်း နို့မှနို့ မှ ကူး စက်ခြ င်း ဖြ စ်ကော င်း ဖြ စ်နိုင် နို င်ပြီး အလား တူ အင်္ဂါ အစိတ်",
    ),
    "th": (
        pdf_gates.REPEATED,
        "ปฏิญญาสากลว่าว่ ด้วด้ ยสิทสิ ธิมธิ นุษนุ ยชน โดยที่การยอมรับรั นับนั ถือเกียรติศักดิ์ปดิ์ ระจำ ตัว และสิทสิ ธิเธิท่าเทียมกัน",
    ),
    "bn": (pdf_gates.VOWELS, "মাুনেষর অিধকাির সাাধীন মযিাাদা নিেয় জেনাা গহেণ কের"),
    "he": (pdf_gates.REVERSED, "לכ ינב םדאה ודלונ ינב ןירוח םיווש םכרעב םהיתויוכזבו םלוכ"),
    "lo": (pdf_gates.REPEATED, "ມະນຸດນຸ ທຸກທຸ ຄົນຄົ ເກີດກີ ມາມີມີ ສິດສິ ເທົ່າທົ່"),
    "marks": (pdf_gates.ORPHANS, ". ".join(["บ้าน", "้านี้", "ัวเอง", "ู่บ้าน", "ิดถึง", "กลับมา"])),
    # The same of a text without `که` and the like; and a table.
    "fa names": (
        pdf_gates.REVERSED,
        "حقوق رشب تمام افراد رشب آزاد هب ایند دنیآیم و از لحاظ تیثیح و حقوق اب مه دنربارب. مهاوخیم کتابهای تازه را هب "
        "هناخباتک منادرگرب. تمام افراد رشب آزاد هب ایند دنیآیم",
    ),
    "hi table": (
        pdf_gates.SCATTERED,
        "ग्रा म महि ला समूह सदस्य सूची क्र ना म आयु रा शि\n1 कमला देवी 31\n2 गी ता देवी 32\n3 सुनी ता देवी 33\n4 रमा देवी 34\n"
        "6 नि र्मला देवी 36\n7 उर्मि ला देवी 37\n8 सी ता देवी 38\n15 आशा दे वी 45 रा नी मी रा",
    ),
    "symbols": (pdf_gates.UNMAPPED, "\uf041\uf06c\uf06c\uf065 \uf04d\uf065\uf06e Alle Menschen"),
    "unmapped": (pdf_gates.UNMAPPED, "Die \ue012\ue013 Menschen \ufffd\x03 sind frei \x01\x05"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_a_pdf_has_broken_is_told_by_its_fault(name: str) -> None:
    expected, text = BROKEN[name]
    assert fault(tidy_page(text)) == expected


@pytest.mark.parametrize("language", sorted({*SAMPLES, *SENTENCES}))
def test_good_text_has_no_fault(language: str) -> None:
    title, paragraphs = SAMPLES.get(language, (SENTENCES.get(language, ""), ()))
    text = "\n".join([title, *paragraphs])
    for page in (text, text * 8):
        assert fault(tidy_page(page)) is None


# Of words and signs that look like a fault, and are none.
GOOD = {
    "fa hacking": "هک چیست و چگونه از هک شدن جلوگیری کنیم. هک به رایانه یا شبکه. هک تلگرام، هک واتساپ.",
    "fa -genic": "عوامل سرطان\u200cزا و بیماری\u200cزا: سرطان\u200cزا برای انسان، و غیر سرطان\u200cزا.",
    "fa O Lord": "دل ما را شکسته یار، یارب\nغم او بر دلم شد بار، یارب\nندارم جز تو من غمخوار، یارب",
    "fa after U+200C": "خانه\u200cتسا گربه\u200cتسا مدرسه\u200cتسا کتاب\u200cهب دفتر\u200cهب",
    "ur new": "نیا سال نیا دن نیا کام نیا گھر نیا شہر نیا نظام نیا پاکستان",
    "ticks": "Tarife\n" + "\n".join(f"{word} \uf0fc \uf0fc \uf0fc" for word in ("Suche", "Filter", "Export", "API")),
    "bullets": "\n".join(f"\uf0b7{word}" for word in ("Äpfel", "Birnen", "Brot", "Butter", "Eier", "Honig", "Käse")),
    "icons": "Anna Muster\n\uf095 0171 1234567 \uf0e0 anna@muster.de \uf015 Berlin \uf0e1 annamuster",
    "hi table": "क्र नाम आयु\n1 कमला देवी 31\n2 गीता देवी 32\n3 सुनीता देवी 33\n4 रमा देवी 34\n5 सरला देवी 35\n"
    "7 उर्मिला देवी 37\n8 सीता देवी 38\n9 पुष्पा देवी 39\n10 रेखा देवी 40\n11 बिमला देवी 41\n12 रानी देवी 42\n13 मीरा देवी 43",
    "hi verbs": "करना बनना चलना पढ़ना लिखना सुनना कहना रहना मिलना देखना बैठना उठना सोना रोना धोना बोना ढोना डरना मरना",
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_what_only_looks_like_a_fault_is_none(name: str) -> None:
    assert fault(tidy_page(GOOD[name])) is None


def test_presentation_forms_are_read_as_the_letters_they_are() -> None:
    good = "ﺍﻟﻜﺮﺍﻣﺔ ﻭﺍﻟﺤﺮﻳﺔ ﻭﺍﻟﻌﺪﺍﻟﺔ ﺇﻟﻰ ﻋﻠﻰ"
    assert fault(good) is None
    assert fault(" ".join(word[::-1] for word in good.split())) == pdf_gates.REVERSED


def test_a_single_oddity_is_no_fault() -> None:
    assert fault("Ein \ue012 Zeichen.") is None
    assert fault("ة") is None


def test_a_page_number_is_no_text() -> None:
    assert not has_text("Seite 12 von 300")
    assert has_text("人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，")
