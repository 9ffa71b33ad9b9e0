"""One attempt at an answer: nothing is passed on before it is known to be one."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

from ...retrieval.errors import ChatError
from .languages import Wanted, is_enough
from .markup import Rewriter
from .prompt import Fault
from .values import Text

LONGEST = 50_000
"""Characters that a model may write, its reasoning included."""

_THINKING, _THOUGHT = "<think>", "</think>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What an attempt came to; when `declined` or with a `fault`, nothing of it was passed on.

    `cited`: the numbers of passages, in order. `declined`: the model said that the passages do not answer the question.
    """

    text: str = ""
    cited: tuple[int, ...] = ()
    removed: int
    declined: bool = False
    fault: Fault | None = None


def draft(
    pieces: Iterator[str], rewriter: Rewriter, wanted: Wanted, *, check_language: bool
) -> Generator[Text, None, Draft]:
    """Pass on what the model writes, from the moment on that it has cited a passage in the language wanted.

    With `check_language` that takes as much text as a sentence has; of another language no more is read.

    Raises:
        ChatError: the model failed, wrote nothing, or did not come to an end.
    """
    text, passed = "", False
    with closing(_rewritten(pieces, rewriter)) as rewritten:
        for piece in rewritten:
            text += piece
            if passed:
                yield Text(piece)
            elif _declined(rewriter):
                break
            elif rewriter.cited and (not check_language or is_enough(text)):
                if check_language and wanted.judge(text) is False:
                    break
                passed = True
                yield Text(text)
    if passed:
        return Draft(text=text, cited=tuple(rewriter.cited), removed=rewriter.removed)
    if _declined(rewriter):
        return Draft(removed=rewriter.removed, declined=True)
    if not text:
        raise ChatError("The chat model wrote nothing. Check that it is one that follows instructions, or try again.")
    if check_language and wanted.judge(text) is False:
        return Draft(removed=rewriter.removed, fault="language")
    if not rewriter.cited:
        return Draft(removed=rewriter.removed, fault="uncited")
    yield Text(text)
    return Draft(text=text, cited=tuple(rewriter.cited), removed=rewriter.removed)


def _declined(rewriter: Rewriter) -> bool:
    return rewriter.marked and not rewriter.cited


def _rewritten(pieces: Iterator[str], rewriter: Rewriter) -> Generator[str, None, None]:
    try:
        for piece in _without_thoughts(_bounded(pieces)):
            if text := rewriter.feed(piece):
                yield text
    finally:
        if (close := getattr(pieces, "close", None)) is not None:  # ends the request when it is left early
            close()
    if text := rewriter.finish():
        yield text


def _bounded(pieces: Iterable[str]) -> Iterator[str]:
    count = 0
    for piece in pieces:
        count += len(piece)
        if count > LONGEST:
            raise ChatError(f"The chat model wrote more than {LONGEST} characters without an end. Try another model.")
        yield piece


def _without_thoughts(pieces: Iterable[str]) -> Iterator[str]:
    """`pieces` without the reasoning that some models write, between tags, before their answer."""
    rest, begun = iter(pieces), ""
    for piece in rest:
        begun += piece
        opening = begun.lstrip()
        if opening.startswith(_THINKING):
            _, closed, after = opening.partition(_THOUGHT)
            if closed:
                yield after
                break
        elif not _THINKING.startswith(opening):
            yield begun
            break
    else:
        yield "" if begun.lstrip().startswith(_THINKING) else begun
    yield from rest
