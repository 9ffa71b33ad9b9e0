"""`python -m interlingua.app.cli` is the same as `interlingua`."""

from . import main

main()
