"""Interlingua: one index for every language."""

__version__ = "0.1.0"
