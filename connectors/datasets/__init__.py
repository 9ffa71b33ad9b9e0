"""Tables of any size as a source: Parquet, JSON Lines, CSV and JSON, one file or many, compressed or not."""

from .connector import DatasetConnector

__all__ = ["DatasetConnector"]
