"""Ingests that go on after their request: `Jobs` runs them one after another and survives a stop or a kill."""
