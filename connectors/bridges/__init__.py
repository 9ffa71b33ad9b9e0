"""Loaders of other frameworks as sources of documents."""

from .loader import LoaderConnector

__all__ = ["LoaderConnector"]
