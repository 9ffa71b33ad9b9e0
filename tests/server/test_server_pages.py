"""Web pages by URL: only where the settings allow it, and only what is public or named."""

from __future__ import annotations

from server_process import until_over
from server_samples import Make
from sites import site as running
from support import SENTENCES


def test_pages_and_files_are_stored_under_their_urls(make: Make) -> None:
    with running() as site:
        site.page("/de", SENTENCES["de"], links=("/other",))
        site.page("/other", SENTENCES["en"])
        site.put("/ru.txt", SENTENCES["ru"], "text/plain; charset=utf-8")
        client = make(fetch_pages=True, web_hosts=(site.host,))
        urls = [f"{site.url}/de", f"{site.url}/ru.txt", f"{site.url}/missing", "http://169.254.1.1/secret"]
        answer = client.post("/documents/pages", json={"urls": urls})
        assert answer.status_code == 202, answer.text
        job = until_over(client, answer.json()["id"])  # type: ignore[arg-type]
        asked = {request.path for request in site.requests}
    assert (job["state"], job["kind"], job["items"]) == ("done", "pages", 4)
    assert "/other" not in asked
    reasons = {skip["id"]: skip["reason"] for skip in job["report"]["skips"]}
    assert "not on the public internet" in reasons.pop(urls[3])
    assert "404" in reasons.pop(urls[2])
    assert reasons == {}
    stored = {one["id"] for one in client.get("/documents").json()["documents"]}
    assert stored == set(urls[:2])
    hit = client.post("/search", json={"query": SENTENCES["ru"], "limit": 1}).json()["hits"][0]
    assert (hit["document_id"], hit["text"]) == (urls[1], SENTENCES["ru"])


def test_what_is_no_url_is_refused_at_once(make: Make) -> None:
    client = make(fetch_pages=True)
    for url in ("file:///etc/passwd", "ftp://example.com/", "nonsense", "http://user:word@example.com/"):
        assert client.post("/documents/pages", json={"urls": [url]}).status_code == 422
    assert client.post("/documents/pages", json={"urls": []}).status_code == 422


def test_a_server_reads_no_pages_unless_it_is_told_to(make: Make) -> None:
    answer = make().post("/documents/pages", json={"urls": ["http://127.0.0.1:1/"]})
    assert answer.status_code == 403
    assert "fetch_pages" in answer.json()["error"]["message"]
