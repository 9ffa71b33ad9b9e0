"""`python -m interlingua.ui [FLAGS OF STREAMLIT]`: Streamlit with our pages, in this process."""

from __future__ import annotations

import sys
from pathlib import Path

from .model import begin


def main() -> None:
    """Run Streamlit in this process."""
    begin()
    from streamlit.web import cli  # while the model is being read

    sys.argv = ["streamlit", "run", str(Path(__file__).with_name("app.py")), *sys.argv[1:]]
    cli.main()


if __name__ == "__main__":
    main()
