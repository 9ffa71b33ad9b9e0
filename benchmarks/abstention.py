"""How near the best passage is to questions that the demo corpus answers, and to those that it does not.

The 119 demo queries with a document that answers them, against questions in 16 languages on what the corpus has nothing
about. Cosines of the bundled model; the least score of answers (`app/answers`) is chosen by them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import interlingua
from interlingua.app.demo import connector, queries

LIMIT = 8
LEAST_SCORES = (0.2, 0.25, 0.3, 0.35, 0.4)
UNANSWERABLE = """
How do I change the oil of a diesel engine? / Who won the 1998 football World Cup?
What is the boiling point of mercury? / recipe for chocolate brownies / How many strings does a violin have?
capital gains tax rates in Australia / best time to prune apple trees / Which airline flies from Oslo to Lima?
Wie backe ich ein Sauerteigbrot? / Wer hat die Mona Lisa gemalt? / Wie hoch ist der Eiffelturm?
Reifendruck beim Fahrrad / Comment préparer une ratatouille ? / Quelle est la capitale de la Mongolie ?
prix d'un billet de train Paris Lyon / Qui a composé la Flûte enchantée ?
¿Cómo se juega al ajedrez? / ¿Cuántos habitantes tiene Bogotá? / receta de tortilla de patatas
¿Quién inventó el teléfono?
Как сварить борщ? / Кто написал «Войну и мир»? / столица Австралии / расписание электричек
كيف أطبخ الكبسة؟ / من فاز بكأس العالم 2010؟ / عاصمة البرازيل / أفضل وقت لزراعة الطماطم
बिरयानी कैसे बनाएं? / ताजमहल किसने बनवाया? / ऑस्ट्रेलिया की राजधानी / क्रिकेट के नियम
味噌汁の作り方 / 富士山の高さは？ / 東京から大阪までの新幹線の料金 / 犬のしつけ方
怎么做红烧肉？ / 长城有多长？ / 北京到上海的高铁票价 / 如何给猫洗澡
김치찌개 끓이는 법 / 한라산의 높이는? / 서울에서 부산까지 기차 요금 / 강아지 훈련 방법
Baklava nasıl yapılır? / Ankara'nın nüfusu kaç? / araba lastiği değiştirme / satranç kuralları
Cách nấu phở bò / Ai là người phát minh ra bóng đèn? / giá vé máy bay đi Đà Lạt / cách trồng hoa hồng
วิธีทำต้มยำกุ้ง / ใครเป็นคนวาดภาพโมนาลิซา / ราคาตั๋วเครื่องบินไปเชียงใหม่ / วิธีเลี้ยงปลาทอง
Jinsi ya kupika pilau / Nani alishinda Kombe la Dunia 2014? / urefu wa Mlima Kenya / bei ya mafuta leo
Jak ugotować żurek? / Kto namalował Damę z gronostajem? / wysokość Rysów / naprawa pralki
طرز تهیه قورمه سبزی / پایتخت آرژانتین کجاست؟ / قوانین فوتبال / قیمت دلار امروز
"""


def run() -> dict[str, Any]:
    """Best cosines of both kinds of question, and what each least score would let through."""
    with tempfile.TemporaryDirectory() as folder, interlingua.open(Path(folder) / "index") as index:
        index.ingest(connector())
        answerable = []
        for query in queries():
            hits = index.search(query.text, limit=LIMIT)
            if any(hit.chunk.document_id in query.relevant for hit in hits):
                answerable.append(hits[0].score)
        questions = [text.strip() for line in UNANSWERABLE.strip().splitlines() for text in line.split(" / ")]
        unanswerable = [index.search(text, limit=LIMIT)[0].score for text in questions]
        model, dim = index.embedder.model, index.embedder.dim
    return {
        "model": model,
        "dim": dim,
        "answerable": len(answerable),
        "unanswerable": len(unanswerable),
        "lowest_answerable": round(min(answerable), 3),
        "highest_unanswerable": round(max(unanswerable), 3),
        "least_scores": {
            str(least): {
                "answerable_kept": sum(score >= least for score in answerable),
                "unanswerable_refused": sum(score < least for score in unanswerable),
            }
            for least in LEAST_SCORES
        },
    }
