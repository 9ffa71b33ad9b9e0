"""What shorter vectors and smaller codes would cost on the user's own texts: recall, per language, against bytes.

`stored` takes chunks of every language out of a store, `embedded` embeds some for this alone; a sentence of each is a
query. `measure` searches them with each length of vector and each quantization, as the stores do (`codes.py`), and
counts how many of the ten best passages of the full vectors are still found.
"""

from __future__ import annotations

from .measuring import GIVEN, Measured, Option, measure
from .sampling import Sample, embedded, stored

__all__ = ["GIVEN", "Measured", "Option", "Sample", "embedded", "measure", "stored"]
