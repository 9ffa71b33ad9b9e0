"""Known answers: is an embedder used as its model was trained, and are two of them the same?

    findings = probe(embedder)                        # each with what was measured and, failed, the fix
    comparison = compare(local, served)               # cosine per text, and why they differ

`require` refuses an embedder before anything of it is stored; what it answered goes to the store's manifest, so that a
store made in process opens through a server of the same model (`reconcile`), and a server that changed its model under
the same name is noticed (`verify`).
"""

from __future__ import annotations

from .answers import reconcile, require, verify
from .checks import Finding, probe
from .comparison import Comparison, compare
from .sample import TEXTS

__all__ = ["TEXTS", "Comparison", "Finding", "compare", "probe", "reconcile", "require", "verify"]
