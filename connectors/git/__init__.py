"""Documents from git repositories, by commit.

`GitConnector` is what other code uses. `address` checks the URL, `client` runs git so that nothing but objects comes of
it, `cache` keeps others out of the folder that it fetches into, `trees` lists a commit and what differs between two,
`blobs` has the content of a file.
"""

from .connector import GitConnector

__all__ = ["GitConnector"]
