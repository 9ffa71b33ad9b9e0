"""Stores: Qdrant in process (Edge) and Qdrant as a server, behind one protocol."""
