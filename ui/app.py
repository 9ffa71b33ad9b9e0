"""The script that Streamlit runs: `interlingua ui`, `make ui`, or `streamlit run ui/app.py`."""

from interlingua.ui.shell import main

main()
