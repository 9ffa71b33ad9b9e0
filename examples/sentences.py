"""A few documents in several languages, which the examples share."""

from __future__ import annotations

from interlingua import Document

TEXTS = {
    "manual/de": "Bei einem Papierstau öffnen Sie die hintere Klappe und ziehen das Papier langsam heraus.",
    "manual/ja": "プリンターの紙詰まりは、背面のカバーを開けて紙をゆっくり引き抜くと直ります。",
    "manual/fr": "Remplacez la cartouche d'encre quand l'impression devient pâle.",
    "warranty/es": "La garantía de la impresora dura dos años a partir de la fecha de compra.",
    "rights/ar": "لكل شخص الحق في التعليم، ويجب أن يكون التعليم مجانيًا في مرحلته الأولى.",
    "rights/hi": "प्रत्येक व्यक्ति को शिक्षा का अधिकार है और प्रारंभिक शिक्षा निःशुल्क होगी।",
    "rights/th": "ทุกคนมีสิทธิในการศึกษา และการศึกษาขั้นต้นจะต้องให้เปล่า",
}

DOCUMENTS = [Document(id=name, text=text, metadata={"topic": name.partition("/")[0]}) for name, text in TEXTS.items()]
