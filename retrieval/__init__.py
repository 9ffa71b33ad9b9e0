"""Retrieval: types, text, embedders, stores and the retriever. Reads no environment and knows no sources."""
