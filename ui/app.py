"""What Streamlit serves: `interlingua ui`, `make ui`, or `streamlit run ui/app.py`."""

from pathlib import Path

import streamlit as st
from interlingua.ui.serving import MIDDLEWARE, lifespan

app = st.App(Path(__file__).with_name("script.py"), lifespan=lifespan, middleware=MIDDLEWARE)
