"""`python -m interlingua.ui [FLAGS OF STREAMLIT]`: Streamlit with our script, and the index opened meanwhile."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

SWITCH_SECONDS = 0.0005
"""How long a thread may hold the interpreter once another wants it: Python's default, ten times as much, would hold up
each of the eighty files of the first page while the index is opened, and pages while documents are added."""


def _warm_up() -> None:
    """What the first page would wait for, done while the browser loads Streamlit's own scripts.

    Not before the server listens: the browser needs as long for them as this takes.
    """
    from streamlit import runtime

    while not runtime.exists() or runtime.get_instance().state is runtime.RuntimeState.INITIAL:
        time.sleep(0.01)
    from .screens import search  # noqa: F401  # what is shown first, with the libraries that it uses
    from .session import SHARED

    SHARED.warm_up()


def main() -> None:
    """Run Streamlit in this process."""
    sys.setswitchinterval(SWITCH_SECONDS)
    from streamlit.web import cli

    threading.Thread(target=_warm_up, name="interlingua-start", daemon=True).start()
    sys.argv = ["streamlit", "run", str(Path(__file__).with_name("app.py")), *sys.argv[1:]]
    cli.main()


if __name__ == "__main__":
    main()
