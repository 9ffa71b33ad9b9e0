"""What is said where there is no answer, in the language of the question where we have it."""

from __future__ import annotations

from ...retrieval.text.language import base_language

SENTENCES = {
    "ar": "لم أجد في الوثائق إجابة عن هذا السؤال.",
    "bn": "নথিগুলিতে এই প্রশ্নের কোনো উত্তর পাওয়া যায়নি।",
    "cs": "V dokumentech jsem na tuto otázku nenašel odpověď.",
    "da": "Jeg fandt intet svar på dette spørgsmål i dokumenterne.",
    "de": "In den Dokumenten fand sich keine Antwort auf diese Frage.",
    "el": "Δεν βρέθηκε απάντηση σε αυτή την ερώτηση στα έγγραφα.",
    "en": "No answer to this question was found in the documents.",
    "es": "No se encontró respuesta a esta pregunta en los documentos.",
    "fa": "در اسناد پاسخی برای این پرسش پیدا نشد.",
    "fi": "Asiakirjoista ei löytynyt vastausta tähän kysymykseen.",
    "fr": "Aucune réponse à cette question n'a été trouvée dans les documents.",
    "he": "לא נמצאה במסמכים תשובה לשאלה הזאת.",
    "hi": "दस्तावेज़ों में इस प्रश्न का कोई उत्तर नहीं मिला।",
    "hu": "A dokumentumokban nem található válasz erre a kérdésre.",
    "id": "Tidak ditemukan jawaban atas pertanyaan ini dalam dokumen.",
    "it": "Nei documenti non è stata trovata una risposta a questa domanda.",
    "ja": "文書の中にこの質問への答えは見つかりませんでした。",
    "ko": "문서에서 이 질문에 대한 답을 찾지 못했습니다.",
    "nl": "In de documenten is geen antwoord op deze vraag gevonden.",
    "pl": "W dokumentach nie znaleziono odpowiedzi na to pytanie.",
    "pt": "Não foi encontrada resposta a esta pergunta nos documentos.",
    "ro": "Nu s-a găsit în documente un răspuns la această întrebare.",
    "ru": "В документах не нашлось ответа на этот вопрос.",
    "sv": "Inget svar på denna fråga hittades i dokumenten.",
    "th": "ไม่พบคำตอบของคำถามนี้ในเอกสาร",
    "tr": "Belgelerde bu sorunun yanıtı bulunamadı.",
    "uk": "У документах не знайдено відповіді на це запитання.",
    "vi": "Không tìm thấy câu trả lời cho câu hỏi này trong các tài liệu.",
    "zh-Hans": "在文档中没有找到这个问题的答案。",
    "zh-Hant": "在文件中沒有找到這個問題的答案。",
}


def sentence(tag: str) -> tuple[str, str]:
    """The sentence for a question of language `tag` and the tag that it is in; English where there is none."""
    for known in (tag, base_language(tag)):
        if known in SENTENCES:
            return SENTENCES[known], known
    return SENTENCES["en"], "en"
