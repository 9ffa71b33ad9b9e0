"""The HTTP API (`interlingua serve`): FastAPI and uvicorn, the extra `server`; importing this alone loads neither."""
