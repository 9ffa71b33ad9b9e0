"""Rerankers: a query and passages in, one relevance per passage out. `load` makes one; sorting is the caller's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigurationError


@runtime_checkable
class Reranker(Protocol):
    """Reads a query and a passage together: better and slower than comparing their vectors."""

    @property
    def model(self) -> str:
        """Name for people and messages, such as `BAAI/bge-reranker-v2-m3`."""
        ...

    def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Relevance of each passage, shape (len(passages),), in the order given; higher is better, in [0, 1].

        Raises:
            EmbedderError: the model failed or returned something unusable.
        """
        ...


def load(
    name: str | None,
    *,
    url: str | None = None,
    dialect: str | None = None,
    key: str | None = None,
    device: str | None = None,
) -> Reranker:
    """The reranker called `name`; nothing is read, downloaded or asked of a server before it is first used.

    Args:
        name: a reranker of the catalogue, a hub id, or the path of a folder. With `url`, what the server calls it;
            None: whatever it serves.
        url: address of a server that runs it; see `retrieval.served`.
        dialect: of that server: tei, cohere or zeroentropy; None asks it.
        key: for that server.
        device: that it runs on in this process, such as `cuda:1`.

    Raises:
        ConfigurationError: there is neither name nor url, or an option does not apply.
    """
    if url is not None:
        from ..served import open_reranker

        return open_reranker(url, model=name, dialect=dialect, key=key)
    if name is None or dialect is not None or key is not None:
        raise ConfigurationError(
            "A reranker needs a name, such as BAAI/bge-reranker-v2-m3, or the url of a server; dialect and key go with "
            "a url."
        )
    from .local import LocalReranker

    return LocalReranker(name, device=device)
