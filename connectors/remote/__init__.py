"""Documents from object stores and remote file systems, through fsspec.

`RemoteConnector` is what other code uses. `address` reads the URL, `systems` connects, `buckets`, `trees` and
`archives` list what is there, `opening` opens it, `faults` says what a failure means.
"""

from .connector import RemoteConnector

__all__ = ["RemoteConnector"]
