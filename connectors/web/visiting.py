"""One visit to a URL: robots.txt, a conditional request, the page. Runs on several threads; changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from ...retrieval.errors import SourceError
from ..files.content import UnreadableError
from .addresses import RefusedError
from .fetching import REDIRECTS, Fetched, FetchError
from .hosts import Hosts
from .pages import Page, Reader, extension
from .urls import Url, parse

logger = logging.getLogger(__name__)

_FURNITURE = ("image/", "audio/", "video/", "font/", "text/css", "text/javascript", "application/javascript")
_SELF_REDIRECTS = 3  # a site that sets a cookie first and sends the visitor back to where he was


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a visit brought: exactly one of the following.

    `page`: a body that was read. `same`: nothing has changed. `moved`: it is elsewhere. `gone`: there is no such page.
    `blocked`: robots.txt forbids it. `other`: it holds no text (an image), or redirects to where nothing is
    fetched from. `refused`: its host may not be asked. `reason`: why it could not be read; then
    `unreachable` says that the host gave no proper answer, `permanent` that it refuses.
    """

    answer: Fetched | None = None
    page: Page | None = None
    same: bool = False
    moved: Url | None = None
    gone: bool = False
    blocked: bool = False
    other: bool = False
    refused: str = ""
    reason: str = ""
    unreachable: bool = False
    permanent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Visits URLs: `hosts` is how it asks, `reader` how it reads."""

    hosts: Hosts
    reader: Reader

    def visit(self, url: Url, conditions: Mapping[str, str], alternates: Mapping[str, str]) -> Visit | SourceError:
        """What is there; a SourceError where nothing can be said of the host at all."""

        def wanted(media_type: str) -> bool:
            return extension(media_type, url) is not None

        try:
            if not self.hosts.allows(url):
                return Visit(blocked=True)
            for _ in range(_SELF_REDIRECTS):
                answer = self.hosts.fetch(url, headers=conditions, wanted=wanted, redirects=0)
                moved = self._location(answer)
                if moved != url:
                    break
            if moved == url:
                return Visit(answer=answer, reason="redirects to itself")
            return Visit(answer=answer, moved=moved) if moved else self._outcome(url, answer, alternates)
        except SourceError as error:
            return error
        except RefusedError as error:
            return Visit(refused=str(error))
        except FetchError as error:
            return Visit(reason=str(error), unreachable=error.unreachable)
        except (UnreadableError, OSError) as error:
            return Visit(reason=str(error))
        except Exception as error:  # a mistake of ours costs this page, not the run
            logger.exception("reading %s failed", url)
            return Visit(reason=f"{type(error).__name__}: {error}")

    def _outcome(self, url: Url, answer: Fetched, alternates: Mapping[str, str]) -> Visit:
        if answer.status == 304:
            return Visit(answer=answer, same=True)
        if answer.status in REDIRECTS:
            return Visit(answer=answer, other=True)
        if answer.status in (404, 410):
            return Visit(answer=answer, gone=True)
        if answer.status != 200:
            refused = answer.status in (401, 402, 403, 407, 451)
            reason = f"{url.origin} answers {answer.status}"
            return Visit(answer=answer, reason=reason, unreachable=answer.status >= 500, permanent=refused)
        if extension(answer.media_type, url) is None:
            if answer.media_type.startswith(_FURNITURE):
                return Visit(answer=answer, other=True)
            return Visit(answer=answer, reason=f"is {answer.media_type or 'of no type'}, which is not read")
        return Visit(answer=answer, page=self.reader.read(answer, alternates))

    def _location(self, answer: Fetched) -> Url | None:
        """Where a redirect leads, None where nothing is fetched from there."""
        try:
            target = answer.location
            return None if target is None else parse(str(target), tracking=self.reader.tracking)
        except RefusedError:
            return None
