"""The model that comes with the package: it is small, licensed, documented, and finds translations."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from interlingua.retrieval import embedders
from interlingua.retrieval.protocols import Embedder
from interlingua.training.sources import BY_KEY, SOURCES

FOLDER = Path(embedders.__file__).parent / "bundled"
CARD = (FOLDER / "README.md").read_text(encoding="utf-8")

# Eight subjects, written for this test.
SENTENCES = {
    "en": [
        "The train to the airport leaves at seven in the morning.",
        "My mother bought bread, milk and cheese at the market.",
        "The doctor said that I should drink more water.",
        "Our school has a new computer room.",
        "The war ended many years ago, but the city is still poor.",
        "Please close the window, it is cold outside.",
        "The government wants to lower taxes for small companies.",
        "My brother plays the guitar in a band.",
    ],
    "de": [
        "Der Zug zum Flughafen fährt um sieben Uhr morgens ab.",
        "Meine Mutter hat auf dem Markt Brot, Milch und Käse gekauft.",
        "Der Arzt sagte, ich solle mehr Wasser trinken.",
        "Unsere Schule hat einen neuen Computerraum.",
        "Der Krieg ist seit vielen Jahren vorbei, aber die Stadt ist noch immer arm.",
        "Bitte mach das Fenster zu, draußen ist es kalt.",
        "Die Regierung will die Steuern für kleine Unternehmen senken.",
        "Mein Bruder spielt Gitarre in einer Band.",
    ],
    "es": [
        "El tren al aeropuerto sale a las siete de la mañana.",
        "Mi madre compró pan, leche y queso en el mercado.",
        "El médico dijo que debería beber más agua.",
        "Nuestra escuela tiene una nueva sala de ordenadores.",
        "La guerra terminó hace muchos años, pero la ciudad sigue siendo pobre.",
        "Por favor, cierra la ventana, hace frío fuera.",
        "El gobierno quiere bajar los impuestos a las pequeñas empresas.",
        "Mi hermano toca la guitarra en un grupo.",
    ],
    "ru": [
        "Поезд в аэропорт отправляется в семь часов утра.",
        "Моя мама купила на рынке хлеб, молоко и сыр.",
        "Врач сказал, что мне нужно пить больше воды.",
        "В нашей школе новый компьютерный класс.",
        "Война закончилась много лет назад, но город всё ещё бедный.",
        "Пожалуйста, закройте окно, на улице холодно.",
        "Правительство хочет снизить налоги для небольших компаний.",
        "Мой брат играет на гитаре в группе.",
    ],
    "ja": [
        "空港行きの電車は朝七時に出発します。",
        "母は市場でパンと牛乳とチーズを買いました。",
        "医者は私にもっと水を飲むべきだと言った。",
        "私たちの学校には新しいコンピューター室があります。",
        "戦争は何年も前に終わったが、町はまだ貧しい。",
        "窓を閉めてください。外は寒いです。",
        "政府は小さな会社の税金を下げたいと考えている。",
        "私の兄はバンドでギターを弾いています。",
    ],
    "zh": [
        "去机场的火车早上七点出发。",
        "我妈妈在市场买了面包、牛奶和奶酪。",
        "医生说我应该多喝水。",
        "我们学校有一间新的电脑室。",
        "战争很多年前就结束了，但这座城市仍然很穷。",
        "请关上窗户，外面很冷。",
        "政府想降低小公司的税。",
        "我哥哥在乐队里弹吉他。",
    ],
    "ar": [
        "يغادر القطار إلى المطار في الساعة السابعة صباحا.",
        "اشترت أمي الخبز والحليب والجبن من السوق.",
        "قال الطبيب إنني يجب أن أشرب المزيد من الماء.",
        "في مدرستنا غرفة حاسوب جديدة.",
        "انتهت الحرب منذ سنوات عديدة، لكن المدينة لا تزال فقيرة.",
        "من فضلك أغلق النافذة، الجو بارد في الخارج.",
        "تريد الحكومة خفض الضرائب على الشركات الصغيرة.",
        "أخي يعزف على الجيتار في فرقة.",
    ],
    "hi": [
        "हवाई अड्डे के लिए ट्रेन सुबह सात बजे निकलती है।",
        "मेरी माँ ने बाज़ार से रोटी, दूध और पनीर खरीदा।",
        "डॉक्टर ने कहा कि मुझे अधिक पानी पीना चाहिए।",
        "हमारे स्कूल में एक नया कंप्यूटर कक्ष है।",
        "युद्ध कई साल पहले समाप्त हो गया, लेकिन शहर अब भी गरीब है।",
        "कृपया खिड़की बंद कर दीजिए, बाहर ठंड है।",
        "सरकार छोटी कंपनियों के लिए कर कम करना चाहती है।",
        "मेरा भाई एक बैंड में गिटार बजाता है।",
    ],
}

SCRIPTS = {
    "Latin, Vietnamese": "Tôi muốn mượn một quyển sách ở thư viện thành phố.",
    "Latin, Yoruba": "Mo fẹ́ ka ìwé yìí ní ilé-ìkàwé ìlú wa.",
    "Latin, Turkish": "İstanbul'da hava bugün çok güzel, IŞIK yandı.",
    "Greek": "Η ΒΙΒΛΙΟΘΗΚΗ της πόλης είναι κλειστή σήμερα.",
    "Cyrillic": "Библиотека закрыта по воскресеньям и праздникам.",
    "Armenian": "Գրադարանը փակ է կիրակի օրերին։",
    "Georgian": "ბიბლიოთეკა კვირას დაკეტილია.",
    "Hebrew": "הספרייה העירונית סגורה בימי שבת.",
    "Arabic": "المكتبةُ مُغلَقةٌ يومَ الجمعة، ﷺ.",
    "Devanagari": "पुस्तकालय रविवार को बंद रहता है।",
    "Bengali": "গ্রন্থাগারটি শুক্রবার বন্ধ থাকে।",
    "Tamil": "நூலகம் ஞாயிற்றுக்கிழமை மூடப்பட்டிருக்கும்.",
    "Thai": "ห้องสมุดปิดทำการทุกวันอาทิตย์",
    "Khmer": "បណ្ណាល័យបិទនៅថ្ងៃអាទិត្យ។",
    "Burmese": "စာကြည့်တိုက်သည် တနင်္ဂနွေနေ့တွင် ပိတ်သည်။",
    "Ethiopic": "ቤተ መጻሕፍቱ እሁድ ዝግ ነው።",
    "Hangul": "도서관은 일요일에 문을 닫습니다.",
    "Hangul, decomposed": "도서관은 닫습니다",
    "Kana and Han": "図書館は日曜日に休館します。ﾃｽﾄ㌢",
    "Han": "图书馆星期日不开放,请改天再来。",
}


@pytest.fixture(scope="module")
def embedder(bundled: Embedder) -> Embedder:
    return bundled


@pytest.mark.parametrize(
    ("asked", "stored"),
    [
        *(("de", "en"), ("es", "en"), ("ru", "en"), ("ja", "en"), ("zh", "en"), ("ar", "en"), ("hi", "en")),
        *(("en", "de"), ("en", "zh"), ("es", "de"), ("de", "ru"), ("ja", "es")),
    ],
)
def test_at_least_seven_sentences_of_eight_find_their_translation_first(
    embedder: Embedder, asked: str, stored: str
) -> None:
    scores = embedder.embed_queries(SENTENCES[asked]) @ embedder.embed_passages(SENTENCES[stored]).T
    assert (scores.argmax(axis=1) == np.arange(len(SENTENCES[asked]))).mean() >= 7 / 8


def test_the_first_64_dimensions_stand_alone(embedder: Embedder) -> None:
    asked, stored = (embedder.embed_passages(SENTENCES[language])[:, :64] for language in ("de", "en"))
    scores = asked @ (stored / np.linalg.norm(stored, axis=1, keepdims=True)).T
    assert (scores.argmax(axis=1) == np.arange(len(scores))).mean() >= 7 / 8


def test_it_is_at_most_45_megabytes() -> None:
    files = [path for path in FOLDER.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert sum(path.stat().st_size for path in files) <= 45_000_000


def test_it_runs_without_torch_and_transformers() -> None:
    code = (
        "import sys, interlingua\n"
        "assert interlingua.embedder('bundled').embed_queries(['Bibliothek']).shape == (1, 512)\n"
        "print(sorted({'torch', 'transformers', 'sentence_transformers', 'onnx'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


@pytest.mark.parametrize("script", SCRIPTS)
def test_token_starts_are_code_points_of_the_text_as_given(embedder: Embedder, script: str) -> None:
    tokenizer, text = embedder.tokenizer, SCRIPTS[script]
    assert tokenizer is not None
    starts = tokenizer.token_starts(text)
    assert starts.dtype == np.int64
    assert (np.diff(starts) >= 0).all()
    assert starts[0] == 0
    assert starts[-1] < len(text)
    # A word is tokenized alike wherever it stands, so its offsets must only move by what stands before it; 🎉 and 𝔘
    # take two units in UTF-16, ﷺ and ㌢ several characters in NFKC.
    prefix = "🎉 𝔘 ﷺ ㌢ "
    moved = tokenizer.token_starts(prefix + text)
    np.testing.assert_array_equal(moved[-len(starts) :], starts + len(prefix))
    assert not any(text[start].isspace() for start in starts)
    # Every word begins a token, unless its first letter is none to the model, as the silent እ.
    words = {i for i in range(len(text)) if not text[i].isspace() and (i == 0 or text[i - 1].isspace())}
    assert {i for i in words if len(tokenizer.token_starts(text[i]))} <= set(starts.tolist())


def test_token_starts_of_nothing_are_empty(embedder: Embedder) -> None:
    assert embedder.tokenizer is not None
    assert embedder.tokenizer.token_starts("").shape == (0,)


def test_nothing_under_the_gpl_or_without_a_stated_licence_is_learned_from() -> None:
    for source in SOURCES:
        if source.kept:
            assert "GPL" not in source.licence, source.key
            assert re.match(r"CC|MIT|ISC|MPL|PSF|Unicode|public domain", source.licence), source.key
    for key in ("cboard", "dtdocs", "git_man", "pixel_dungeon", "freedict", "skycultures", "udhr", "omw_fra"):
        assert not BY_KEY[key].kept


def test_every_source_that_is_left_out_says_why() -> None:
    assert [source.key for source in SOURCES if not source.kept and not source.note] == []
    assert len(BY_KEY) == len(SOURCES)


def test_the_card_names_every_source_with_its_licence() -> None:
    rows = [line for line in CARD.splitlines() if line.startswith("| `")]
    for source in SOURCES:
        assert [row for row in rows if f"`{source.key}`" in row and source.licence in row], source.key


def test_the_card_has_figures_and_says_what_to_move_to() -> None:
    assert re.search(r"\| ntrex \| accuracy@1.* \| 0\.\d{3} \|", CARD)
    assert re.search(r"\| belebele_en_de \| ndcg@10, across.* \| 0\.\d{3} \|", CARD)
    assert "multilingual-e5" in CARD
    assert "python -m training" in CARD
