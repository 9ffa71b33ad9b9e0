"""Which index the pages show, and to whom: one index for all sessions, and a sign-in where there are keys."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

import streamlit as st

from ..app.access.keys import EVERYONE, Key, Keys
from ..app.index import Index, from_settings
from ..app.settings import Settings, check_interface, load, plain
from ..retrieval.embedders.apart import ApartEmbedder
from ..retrieval.errors import InterlinguaError
from ..retrieval.hosts import is_loopback
from . import words
from .backend import Backend
from .embedded import Embedded
from .model import MODEL
from .parts import notice

if TYPE_CHECKING:
    from ..app.answers import Chat
    from ..app.client.client import Client

T = TypeVar("T")

# Not names that a widget has: what a widget holds may be in the address.
_BACKEND, _TYPED, _KNOWN = "session.backend", "session.api-key", "session.known"
_FRESH = 60.0
_LOOKED_AT = 200
"""Passages whose metadata says which keys there are."""


class Shared:
    """One index for all sessions, since an embedded store can be open only once; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened: tuple[Index, Chat | None] | None = None

    def get(self, settings: Settings) -> tuple[Index, Chat | None]:
        """The index and what writes answers, opened on the first call. An error is not kept: it is tried again."""
        with self._lock:
            if self._opened is None:
                index = from_settings(settings, process=MODEL)
                if not isinstance(index.embedder, ApartEmbedder):  # made with another model, as its manifest says
                    MODEL.close()
                self._opened = index, _chat(settings)
            return self._opened

    def warm_up(self) -> None:
        """Open the index and load its model. What goes wrong is left for the page to say."""
        with contextlib.suppress(InterlinguaError):
            settings = load()
            if settings.ui_url is None:
                index, _ = self.get(settings)
                index.embedder.embed_queries(["ready"])

    def close(self) -> None:
        """Close the index; the next `get` opens it again."""
        with self._lock:
            opened, self._opened = self._opened, None
            if opened is not None:
                opened[0].close()


def _chat(settings: Settings) -> Chat | None:
    """What writes answers. Loaded only where there is one: a first result would wait for it."""
    if settings.chat_url is None and settings.chat_model is None:
        return None
    from ..app.answers import open_chat

    return open_chat(settings)


SHARED = Shared()


@st.cache_resource(max_entries=64, show_spinner=False)
def _client(url: str, key: str | None) -> Client:
    from ..app.client.client import Client  # 0.1 s, which a first result without a server would wait for

    return Client(url, key)


def backend() -> Backend:
    """What this session may see; shows a sign-in and ends the run while that is not known. Raises InterlinguaError."""
    if _BACKEND in st.session_state:
        return cast("Backend", st.session_state[_BACKEND])
    settings = load()
    found = _remote(settings) if settings.ui_url else _embedded(settings)
    st.session_state[_BACKEND] = found
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What can be filtered on: passages per source, and keys of the metadata with the types of their values.

    Those are of str, int, float and bool. No key that is the name of a field for which `facets` answers.
    """

    until: float
    sources: Mapping[str, int]
    keys: Mapping[str, Set[type]]


def known(backend: Backend) -> Known:
    """As it was up to a minute ago: it takes longer to find out than a search does."""
    found = st.session_state.get(_KNOWN)
    if found is None or found.until < time.monotonic():
        sample = backend.seen.sample(_LOOKED_AT).chunks
        keys: dict[str, set[type]] = {}
        for key, value in (item for chunk in sample for item in chunk.metadata.items()):
            if key != "language" and isinstance(value, (str, int, float)):
                keys.setdefault(key, set()).add(type(value))
        sources = backend.seen.overview().sources or {}
        found = Known(until=time.monotonic() + _FRESH, sources=sources, keys=dict(sorted(keys.items())))
        st.session_state[_KNOWN] = found
    return cast("Known", found)


def signed_in() -> bool:
    """Whether somebody has signed in, who may sign out."""
    return _TYPED in st.session_state or _provider_user() is not None


def sign_out() -> None:
    """Forget who is here."""
    st.session_state.clear()
    if _provider_user() is not None:
        st.logout()


def without_sign_in() -> Backend | None:
    """What everybody sees who reaches these pages; None where somebody must sign in. Raises InterlinguaError."""
    settings = load()
    if _has_provider() or not _own_machine():
        return None
    if settings.ui_url:
        check_interface(settings)
        key = plain(settings.server_key)
        return None if key is None and _asks_for_a_key(settings.ui_url) else _served(settings.ui_url, key)
    if not Keys.load(settings).open_access:
        return None
    index, chat = SHARED.get(settings)
    return Embedded(index, EVERYONE, chat)


def _embedded(settings: Settings) -> Embedded:
    keys = Keys.load(settings)
    if keys.open_access and not _has_provider():
        _refuse_others()
        key = EVERYONE
    elif _has_provider():
        key = _of_provider(keys)
    else:
        key = _typed(lambda typed: _that_reads(keys.verify(typed)))
    index, chat = SHARED.get(settings)
    return Embedded(index, key, chat)


def _remote(settings: Settings) -> Backend:
    check_interface(settings)
    url = cast("str", settings.ui_url)
    key: str | None = plain(settings.server_key)
    if _has_provider():
        _of_provider(Keys({}))
    elif key is None and _asks_for_a_key(url):
        key = _typed(lambda typed: typed if _known(url, typed) else None)
    else:
        _refuse_others()
    return _served(url, key)


def _served(url: str, key: str | None) -> Backend:
    from .remote import Remote

    return Remote(_client(url, key), url)


def _asks_for_a_key(url: str) -> bool:
    """Whether the server answers nobody without a key. Raises InterlinguaError when it cannot be asked."""
    from ..app.client.failures import DeniedError

    try:
        _client(url, None).languages()
    except DeniedError:
        return True
    return False


def _known(url: str, key: str) -> bool:
    from ..app.client.client import Client
    from ..app.client.failures import DeniedError

    try:
        with Client(url, key) as client:
            client.languages()
    except DeniedError:
        return False
    return True


def _that_reads(key: Key | None) -> Key | None:
    """The key, if the pages are for it: one that may only write is for programs that add documents."""
    return key if key is not None and key.allows("read") else None


def _typed(check: Callable[[str], T | None]) -> T:
    """What `check` gives for the key that is typed; shows the form and ends the run until it gives something."""
    if (typed := st.session_state.get(_TYPED)) and (found := check(typed)) is not None:
        return found
    with st.form("sign-in", width=420):
        st.subheader(words.say("login.title"))
        given = st.text_input(words.say("login.key"), type="password", autocomplete="current-password")
        entered = st.form_submit_button(words.say("login.enter"), type="primary")
    if entered and given:
        found = check(given.strip())
        if found is not None:
            st.session_state[_TYPED] = given.strip()
            return found
        notice("error", words.say("login.wrong"))
    return st.stop()


def _has_provider() -> bool:
    """Whether secrets.toml names an OpenID Connect provider: see Streamlit's `st.login`."""
    return st.secrets.load_if_toml_exists() and "auth" in st.secrets


def _provider_user() -> str | None:
    """The e-mail address of who signed in with the provider, empty where it does not vouch for one; None for nobody."""
    if not _has_provider() or not st.user.is_logged_in:
        return None
    email = str(st.user.get("email") or "")
    return email if "@" in email and st.user.get("email_verified") is not False else ""


def _of_provider(keys: Keys) -> Key:
    """The key that has the name of who signed in with the provider; without any keys, everything is theirs to see."""
    user = _provider_user()
    if user is None:
        st.button(words.say("login.with_provider"), on_click=st.login, type="primary")
        st.stop()
    if keys.open_access:
        return EVERYONE
    key = _that_reads(keys.named(user)) if user else None
    if key is None:
        notice("error", words.say("login.no_key", user=user))
        st.button(words.say("login.leave"), on_click=st.logout)
        st.stop()
    return key


def _refuse_others() -> None:
    """End the run where other machines could read along: the page listens to them, and asks for nothing."""
    if not _own_machine():
        notice(
            "error",
            words.say("login.open"),
            words.say("login.open_remedy", command="interlingua keys new NAME --scope read >> keys.toml"),
        )
        st.stop()


def _own_machine() -> bool:
    """Whether the pages listen to this machine alone."""
    return is_loopback(st.get_option("server.address") or "0.0.0.0")  # Streamlit's own default: every interface
