"""How the pages are served: what happens at the start, and the files that Streamlit need not answer for itself."""

from __future__ import annotations

import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click
import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from . import preview

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

SWITCH_SECONDS = 0.0005
"""How long a thread may hold the interpreter once another wants it: Python's default, ten times as much, would hold up
each of the eighty files of the first page while the index is opened, and pages while documents are added."""
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".woff2": "font/woff2"}
_FOREVER = {"cache-control": "public, immutable, max-age=31536000"}
"""As Streamlit sends them: the name of each holds a hash of its content."""


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """From when the server listens until it ends."""
    sys.setswitchinterval(SWITCH_SECONDS)
    # Not sooner: the browser needs as long for Streamlit's scripts as this takes.
    threading.Thread(target=_warm_up, name="interlingua-start", daemon=True).start()
    if not st.get_option("server.headless"):
        click.launch(_address())
    yield


def _address() -> str:
    """Where a browser on this machine finds the pages."""
    host = st.get_option("server.address") or "0.0.0.0"
    host = "localhost" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    path = st.get_option("server.baseUrlPath").strip("/")
    return f"{scheme}://{host}:{st.get_option('server.port')}/{path}"


def _warm_up() -> None:
    """What the first page would wait for."""
    from .screens import search  # noqa: F401  # what is shown first, with the libraries that it uses
    from .session import SHARED

    SHARED.warm_up()


def _without_components() -> None:
    """Keep Streamlit from looking for components in every package that is installed, of which our pages use none.

    It parses the metadata of each four times (0.6 s where there are 250) and has no setting for it; where a later
    release has this no more, nothing changes.
    """
    with suppress(ImportError):
        from streamlit.components.v2 import component_manager

        manager = getattr(component_manager, "BidiComponentManager", None)
        if hasattr(manager, "discover_and_register_components"):
            setattr(manager, "discover_and_register_components", lambda *_, **__: None)  # noqa: B010 (typed as a method)


def _page(static: Path) -> str:
    """Streamlit's page, which also loads the code that draws a passage before there is one.

    Otherwise the browser asks for it once the first has come, and React shows what has waited for code no sooner than
    half a second after the last placeholder. Measured: a first result is there 0.15 s sooner.
    """
    page = (static / "index.html").read_text(encoding="utf-8")
    module = next((static / "static" / "js").glob("Html.*.js"), None)
    tag = "" if module is None else f'<script type="module" async>import("./static/js/{module.name}")</script>'
    return preview.without_waiting(page.replace("</body>", f"{tag}</body>"))


class Assets:
    """Middleware that answers for the page at /, scripts, styles and fonts; everything else is passed on.

    Streamlit looks at the cookies and the path of each request, and a thread of its own opens, stats and reads the
    file: while the index is opened that takes 5 ms a file, of which a first visit needs eighty.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        root = Path(str(files("streamlit"))) / "static"
        self._page = None if st.get_option("server.baseUrlPath") else _page(root)
        found = (root / "static").rglob("*")
        self._files = {f"/{path.relative_to(root).as_posix()}": path for path in found if path.suffix in _TYPES}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        asked = scope["type"] == "http" and scope["method"] == "GET"
        if asked and scope["path"] == "/" and self._page is not None:
            answer = preview.answer(Request(scope), self._page) or Response(
                self._page, headers={"cache-control": "no-cache"}, media_type="text/html"
            )
            await answer(scope, receive, send)
        elif asked and (path := self._files.get(scope["path"])):
            answer = Response(path.read_bytes(), headers=_FOREVER | {"content-type": _TYPES[path.suffix]})
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)


_without_components()
MIDDLEWARE = (Middleware(Assets),)
