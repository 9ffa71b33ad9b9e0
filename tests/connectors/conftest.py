"""What the tests of all connectors share."""

from __future__ import annotations

from counterparts.sql_postgres import SERVERS


def pytest_sessionfinish() -> None:
    """End the servers that were kept for several tests."""
    SERVERS.close()
