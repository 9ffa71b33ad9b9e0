"""What is tried again, and when."""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Callable

from tenacity import RetryCallState, Retrying, retry_if_exception, wait_random_exponential

from ...retrieval.errors import CursorLostError, InterlinguaError, SourceError, TooEarlyError

logger = logging.getLogger(__name__)
_LOGIN = re.compile(r"://[^/@\s]+@")

ATTEMPTS = 5
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
PATIENCE = 300.0
"""Seconds that a run waits when a source asks it to; where it asks for more, the run ends and the next one waits."""
LONGEST_REST = 86_400.0
"""Seconds for which a source is left alone at most, whatever it asks for: its clock, or ours, may be wrong."""


def retrying(sleep: Callable[[float], None], *, attempts: int = ATTEMPTS) -> Retrying:
    """Call something again when a source broke off and may come back: waits grow, at random, as long as it asks for."""
    return Retrying(
        retry=retry_if_exception(is_passing),
        wait=_wait,
        stop=lambda call: call.attempt_number >= attempts or _asked(call) > PATIENCE,
        sleep=sleep,
        before_sleep=_tell,
        reraise=True,
    )


def is_passing(error: BaseException) -> bool:
    """Whether trying again may help."""
    return isinstance(error, SourceError) and not isinstance(error, CursorLostError) and not error.permanent


def not_before(error: Exception | None, now: float) -> float | None:
    """Until when the source asked to be left alone, by what it raised at `now`."""
    asked = error.retry_after if isinstance(error, SourceError) else None
    return None if asked is None else now + min(asked, LONGEST_REST)


def check_rest(until: float | None, now: float, name: str) -> None:
    """Raises TooEarlyError before `until`; not if that is further away than it can have been asked for."""
    left = 0.0 if until is None else until - now
    if 0 < left <= LONGEST_REST:
        when = dt.datetime.fromtimestamp(now + left).astimezone().isoformat(sep=" ", timespec="seconds")
        raise TooEarlyError(
            f"The source asked to be left alone until {when}, so it was not asked. Run this again then; to ask it now: "
            f"interlingua sync {name} --forget",
            retry_after=left,
        )


def as_source_error(error: Exception, source: str) -> Exception:
    """What a connector raised, as one of our errors: a lost connection passes, a mistake in the connector does not."""
    if isinstance(error, InterlinguaError):
        return error
    said = _LOGIN.sub("://***@", f"{source} broke off: {type(error).__name__}: {error}")
    return SourceError(said, permanent=not isinstance(error, OSError))


_jittered = wait_random_exponential(multiplier=FIRST_WAIT, max=LONGEST_WAIT)


def _wait(call: RetryCallState) -> float:
    return max(_asked(call), FIRST_WAIT / 2 + _jittered(call))


def _asked(call: RetryCallState) -> float:
    error = call.outcome.exception() if call.outcome is not None else None
    return (error.retry_after or 0.0) if isinstance(error, SourceError) else 0.0


def _tell(call: RetryCallState) -> None:
    error = call.outcome.exception() if call.outcome is not None else None
    logger.warning("%s; again in %.0f s", error, call.upcoming_sleep)
