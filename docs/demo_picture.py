"""Draw docs/demo.png, the picture in README: `python docs/demo_picture.py`, after `make demo`.

Needs Chromium, the Noto fonts and `pip install playwright`; a terminal's picture cannot show every script.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

import interlingua
from interlingua.app.cli.demo import SHOWN
from interlingua.app.demo import Outcome, run
from playwright.sync_api import sync_playwright

STYLE = """
body { margin: 0; padding: 22px 26px; background: #fbfaf7; color: #22252a; width: 1080px;
       font: 15px/1.45 "Noto Sans", "Noto Sans CJK JP", sans-serif; }
h1 { font-size: 17px; font-weight: 600; margin: 0 0 14px; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
td { padding: 3px 10px; vertical-align: top; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
tr.first td { border-top: 1px solid #dcd8cd; padding-top: 9px; }
tr.last td { padding-bottom: 9px; }
td.query { width: 310px; white-space: normal; font-weight: 600; }
td.tag { width: 62px; color: #1f6f68; font-weight: 600; }
td.score { width: 44px; color: #8a8577; text-align: right; }
td.mark { width: 18px; color: #2e8540; font-weight: 700; }
"""


def rows(outcome: Outcome) -> str:
    """Three passages of one query, each in its own direction."""
    parts = []
    for rank, hit in enumerate(outcome.hits[:3]):
        query = f'<td class="query" rowspan="3" dir="auto">{escape(outcome.query.text)}</td>' if rank == 0 else ""
        mark = "✓" if hit.chunk.document_id in outcome.query.relevant else ""
        text = escape(" ".join(hit.chunk.text.lstrip("#*> ").split())[:160])
        parts.append(
            f'<tr class="{("first", "", "last")[rank]}">{query}<td class="tag">{hit.chunk.language}</td>'
            f'<td class="score">{hit.score:.2f}</td><td class="mark">{mark}</td>'
            f'<td dir="auto" lang="{hit.chunk.language}">{text}</td></tr>'
        )
    return "".join(parts)


with interlingua.open(".interlingua-demo") as index:
    found = {outcome.query.id: outcome for outcome in run(index)}
table = "".join(rows(found[name]) for name in SHOWN)
title = "One query, every language: the best three passages of 3,698 (✓ answers the query)"
page = f'<meta charset="utf-8"><style>{STYLE}</style><h1>{title}</h1><table>{table}</table>'
with sync_playwright() as playwright:
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=options)
    tab = browser.new_page(viewport={"width": 1132, "height": 100}, device_scale_factor=1.25)
    tab.set_content(page)
    tab.screenshot(path=Path(__file__).with_name("demo.png"), full_page=True)
    browser.close()
