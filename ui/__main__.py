"""`python -m interlingua.ui [FLAGS OF STREAMLIT]`: Streamlit with our pages, in this process."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import NoReturn

from .model import begin


def main() -> None:
    """Run Streamlit in this process."""
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, _end)
    begin()
    from streamlit.web import cli  # while the model is being read

    sys.argv = ["streamlit", "run", str(Path(__file__).with_name("app.py")), *sys.argv[1:]]
    cli.main()


def _end(*_: object) -> NoReturn:
    """What the server hands the signal on to once it has shut down; or at once, before it listens."""
    sys.exit(0)


if __name__ == "__main__":
    main()
