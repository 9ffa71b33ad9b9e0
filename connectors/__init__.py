"""Connectors: where documents come from, and the ingestor that keeps a store in step with them."""
