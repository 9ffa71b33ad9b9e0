"""The passages that an address asks for, in the page itself: Streamlit draws them a second or two later.

The page is sent up to where Streamlit draws, then the passages as soon as they are found, then its end. The code of
Streamlit does not wait for that. `preview.js` takes the preview away when there is what it stands for.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from ...retrieval.errors import InterlinguaError
from ...retrieval.hosts import host_of, is_loopback
from .. import style, words
from ..markup import safe
from ..parts import passage

if TYPE_CHECKING:
    from starlette.requests import Request

logger = logging.getLogger(__name__)

OPTIONS = {"q", "lang", "ui"}
"""What an address may say. With other options passages are laid out in other ways."""
_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_COLOURS = {
    "background": "backgroundColor",
    "side": "sidebar.backgroundColor",
    "box": "secondaryBackgroundColor",
    "text": "textColor",
    "link": "linkColor",
    "border": "borderColor",
}
"""Custom properties of preview.css, and the options of Streamlit's theme."""
_PAGE = "document"
"""What a browser says that it fetches; programs say nothing."""
_LOCALE = re.compile(r"\s*([\w-]+)")
_FONT = re.compile(r'href="([^"]+\.woff2)"')
_FACE = '@font-face {{ font-family: "Source Sans"; src: url("{url}"); font-weight: 200 900 }}'
_SCRIPT = re.compile(r'<script type="module"([^>]* src="[^"]+")></script>')
_ROOT = '<div id="root"></div>'
_READY = f'{_ROOT}<script type="module" async'
_END = "</body>"
_HERE = Path(__file__).parent


def without_waiting(page: str) -> str:
    """Streamlit's page, whose code runs while the end of the page is still to come; unchanged where it is unlike that.

    Such code must come after what it draws into.
    """
    script = _SCRIPT.search(page)
    if script is None or page.count(_ROOT) != 1:
        return page
    return page.replace(script[0], "", 1).replace(_ROOT, f"{_READY}{script[1]}></script>", 1)


def answer(request: Request, page: str) -> StreamingResponse | None:
    """The page with the passages that its address asks for; None where it asks for none, or not from this machine.

    Another site cannot have the name of this machine (DNS rebinding), and what it embeds is not a page.
    """
    asked, headers = request.query_params, request.headers
    # Not `request.url`, which stands for the server's own address where it cannot read the header.
    own = is_loopback(host_of("//" + headers.get("host", ""))) and headers.get("sec-fetch-dest", _PAGE) == _PAGE
    if not own or not asked.get("q", "").strip() or not OPTIONS.issuperset(asked) or _READY not in page:
        return None
    begin, _, end = page.rpartition(_END)

    async def parts() -> AsyncIterator[str]:
        yield begin
        try:
            yield await run_in_threadpool(_html, request, page)
        except InterlinguaError:
            pass  # the page says what is the matter
        except Exception:
            logger.exception("The passages of a page could not be shown before Streamlit draws them.")
        yield _END + end

    return StreamingResponse(parts(), headers=_HEADERS, media_type="text/html")


def _html(request: Request, page: str) -> str:
    """Empty where passages are not shown to everybody, or none are found. Raises InterlinguaError."""
    from ..screens import search
    from ..session import without_sign_in

    asked, query = request.query_params, request.query_params["q"].strip()
    locale = _LOCALE.match(request.headers.get("accept-language", ""))
    with words.speaking(asked.get("ui"), locale and locale[1]):
        backend = without_sign_in()
        have = {} if backend is None else backend.seen.languages()
        if backend is None or not have:
            return ""
        wanted = search.Asked(query=query, languages=[tag for tag in asked.getlist("lang") if tag in have])
        hits = search.found(backend, wanted, limit=search.PAGE, per_document=search.OF_A_DOCUMENT)
        if not hits:
            return ""
        direction = "rtl" if words.chosen() in words.MIRRORED else "ltr"
        cards = "".join(f'<div class="il-preview-card">{passage(hit, query)}</div>' for hit in hits)
        return (
            f'<div id="il-preview" data-asked="{safe(request.url.query)}"><script>{_script()}</script>'
            f"<style>{style.sheet(dark=False)}{_sheet(page)}</style>"
            f'<div class="il-preview-place" dir="{direction}" lang="{words.chosen()}">'
            '<div class="il-preview-side"></div><div class="il-preview-main">'
            f'<div class="il-preview-box" dir="auto">{safe(query)}</div>'
            f'<div class="il-preview-count">{safe(words.say("search.results", count=len(hits)))}</div>'
            f"{cards}</div></div></div>"
        )


@cache
def _script() -> str:
    return (_HERE / "preview.js").read_text(encoding="utf-8")


@cache
def _sheet(page: str) -> str:
    font = _FONT.search(page)
    return (
        ("" if font is None else _FACE.format(url=font[1]))
        + (_HERE / "preview.css").read_text(encoding="utf-8")
        + f"#il-preview {{ {_colours('light')} }}"
        + f"#il-preview[data-theme=dark] {{ {_colours('dark')} {style.DARK} }}"
    )


def _colours(theme: str) -> str:
    return "".join(f"--il-{name}: {st.get_option(f'theme.{theme}.{option}')};" for name, option in _COLOURS.items())
