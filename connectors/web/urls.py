"""URLs: read once, checked, and written anew from the parts that were checked, so that no other parser sees more."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urljoin

from .addresses import RefusedError, canonical_host

MAX_URL = 4096
_PORTS = {"http": 80, "https": 443}
_PARTS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?://([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_BAD = re.compile(r"[\x00-\x20\x7f-\x9f\\\u2028\u2029\ufeff]|[\ud800-\udfff]")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_TRACKING = re.compile(r"(?:utm_\w+|gclid|gbraid|wbraid|fbclid|msclkid|dclid|yclid|mc_[ce]id|igshid|_ga|_gl)", re.I)


@dataclass(frozen=True, slots=True)
class Url:
    """A checked URL: `http` or `https`, no userinfo, a canonical host; `path` and `query` are ASCII, escaped."""

    scheme: str
    host: str
    port: int
    path: str
    query: str

    @property
    def origin(self) -> str:
        """`https://example.com`, with the port where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _PORTS[self.scheme] else f":{self.port}")

    @property
    def target(self) -> str:
        """Path and query."""
        return self.path + self.query

    def __str__(self) -> str:
        return self.origin + self.target


def parse(text: str, *, tracking: bool = True) -> Url:
    """The URL in its normal form (RFC 3986, 6.2): no fragment, no default port, escapes in one way, no dot segments.

    Without `tracking`, parameters such as `utm_source` and `gclid` are left out. Raises RefusedError for another scheme
    than http and https, for userinfo, a backslash, white space or control characters, and for what is no host.
    """
    shown = _shown(text)
    if len(text) > MAX_URL:
        raise RefusedError(f"the URL {shown} has {len(text):,} characters, more than {MAX_URL:,}: refused")
    if _BAD.search(text):
        raise RefusedError(f"the URL {shown} holds a backslash, white space or a control character: refused")
    match = _PARTS.fullmatch(text)
    scheme = match[1].lower() if match else ""
    if match is None or scheme not in _PORTS:
        raise RefusedError(f"{shown} is refused: only http and https URLs are fetched")
    authority = match[2] or ""
    if "@" in authority:
        raise RefusedError(f"the URL {shown} holds a user name or password: refused")
    host, port = _host_and_port(authority, shown)
    path = _dotless(_escaped(match[3] or "/"))
    query = _escaped(match[4] or "")
    if not tracking:
        query = _without_tracking(query)
    return Url(scheme, host, port or _PORTS[scheme], path, "" if query == "?" else query)


def join(base: Url, link: str, *, tracking: bool = True) -> Url:
    """`link` as it stands in a page or a header at `base`, read as browsers do; raises RefusedError as `parse`."""
    cleaned = re.sub(r"[\t\n\r]", "", link.strip("\x00\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0b\f\r ")).split("#", 1)[0]
    cleaned = cleaned.replace(" ", "%20")
    if not cleaned:
        return base
    try:
        return parse(urljoin(str(base), cleaned), tracking=tracking)
    except ValueError:  # urljoin of "//[x"
        raise RefusedError(f"{_shown(link)} is not a URL") from None


def _host_and_port(authority: str, shown: str) -> tuple[str, int | None]:
    match = re.fullmatch(r"(\[[^\]]*\]|[^:\[\]]*)(?::([0-9]{0,5}))?", authority)
    if match is None:
        raise RefusedError(f"the URL {shown} has no proper host: refused")
    port = int(match[2]) if match[2] else None
    if port is not None and not 0 < port < 65536:
        raise RefusedError(f"the URL {shown} has the port {port}: refused")
    return canonical_host(match[1]), port


def _escaped(text: str) -> str:
    """Escapes in upper case, none of what needs none, and all else that is not plain ASCII escaped as UTF-8."""
    text = _ESCAPE.sub(_unescape, text)
    return quote(text, safe="%/:?#[]@!$&'()*+,;=-._~")


def _unescape(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character in _UNRESERVED else match[0].upper()


def _dotless(path: str) -> str:
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for place, segment in enumerate(segments):
        if segment == "..":
            kept = kept[:-1]
        if segment not in (".", ".."):
            kept.append(segment)
        elif place == len(segments) - 1:
            kept.append("")
    return "/" + "/".join(kept)


def _without_tracking(query: str) -> str:
    kept = [part for part in query[1:].split("&") if not _TRACKING.fullmatch(part.partition("=")[0])]
    return "?" + "&".join(kept) if any(kept) else ""


def _shown(text: str) -> str:
    """A URL for a message: short, and without what could be a password."""
    text = re.sub(r"//[^/?#]*@", "//…@", text[:200])
    return repr(text)
