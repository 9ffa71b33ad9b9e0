"""What the fixtures of these tests give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import interlingua

if TYPE_CHECKING:
    from server_process import Process


@dataclass(frozen=True)
class Served:
    """A server on this machine, and the index that it serves."""

    url: str
    index: interlingua.Index

    def client(self, key: str | None = None, **options: Any) -> interlingua.Client:
        return interlingua.Client(self.url, key, **options)


Serve = Callable[..., Served]
"""Starts a server in a thread; options are the settings."""
Start = Callable[..., "Process"]
"""Starts one in a process of its own."""
