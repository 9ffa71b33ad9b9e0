"""Benchmarks that write what README quotes: `python -m benchmarks` (all) or `python -m benchmarks overhead`."""
