"""The script that Streamlit runs anew for every press and every change."""

from interlingua.ui.shell import main

main()
