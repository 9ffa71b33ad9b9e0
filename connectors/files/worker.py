"""The process in which files are parsed: `python -m interlingua.connectors.files.worker`.

Reads requests from standard input and answers each on standard output (frames of `frames`); ends when the input ends.
It is started with exec, never forked, and holds no state between documents. A parser that crashes, hangs or eats
memory takes this process with it and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping
from typing import Any, BinaryIO

from .content import Content, UnreadableError, check_length, well_formed
from .frames import read_frame, write_frame
from .limits import Limits
from .ocr.options import Ocr
from .paths import open_regular, os_reason
from .registry import BY_NAME


def main() -> None:
    """Serve until standard input ends; the one argument is the folder for files of a moment."""
    requests, answers = sys.stdin.buffer, _private_stdout()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which closes the pipe
    tempfile.tempdir = sys.argv[1]
    # openpyxl, Pillow and pytesseract want them and do not need them: 100 ms, and 400.
    sys.modules["numpy"] = sys.modules["pandas"] = None  # type: ignore[assignment]
    while (request := read_frame(requests)) is not None:
        limits = Limits(**request["limits"] | {"ocr": Ocr(**request["limits"]["ocr"])})
        _restrict(limits)
        write_frame(answers, _answer(request["path"], request["format"], limits, request["options"]))
        signal.setitimer(signal.ITIMER_REAL, 0)
    shutil.rmtree(sys.argv[1], ignore_errors=True)  # should the parent have been killed, which removes it otherwise


def _private_stdout() -> BinaryIO:
    """Standard output for answers only: what a library prints goes to standard error."""
    private = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return private


def _restrict(limits: Limits) -> None:
    """Bound memory; and time, should the parent be gone (it normally kills this process first)."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # macOS refuses RLIMIT_AS
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (limits.max_memory_bytes, resource.getrlimit(resource.RLIMIT_AS)[1]))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limits.max_seconds + 5)


def _answer(path: str, name: str, limits: Limits, options: Mapping[str, Any]) -> dict[str, Any]:
    try:
        with open_regular(path) as file:
            content: Content = BY_NAME[name].load()(file, limits, **options)
        check_length(len(content.text), limits.max_characters)
    except UnreadableError as error:
        return {"skip": str(error)}
    except RecursionError:
        return {"skip": "nested too deeply"}
    except Exception as error:  # parsers raise anything on damaged input; the document is skipped with their words
        if _out_of_memory(error):
            return {"skip": f"needs more than {limits.max_memory_bytes / 1e6:,.0f} MB of memory", "leave": True}
        if isinstance(error, OSError):
            return {"skip": os_reason(error)}
        return {"skip": f"damaged: {type(error).__name__}: {str(error)[:300]}"}
    return {
        "text": well_formed(content.text),
        "title": content.title,
        "language": content.language,
        "metadata": dict(content.metadata),
        "pages": [(well_formed(page.text), page.fault) for page in content.pages],
    }


def _out_of_memory(error: Exception) -> bool:
    # XMLSyntaxError with code 2 is how lxml says that libxml2 got no memory (formats/xml.py).
    return isinstance(error, MemoryError) or (type(error).__name__ == "XMLSyntaxError" and error.args[1:2] == (2,))


if __name__ == "__main__":
    main()
