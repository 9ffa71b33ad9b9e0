"""Which keys a table has had, in 16 bytes per key, so that a table of many gigabytes can be checked for duplicates."""

from __future__ import annotations

from array import array


class SeenKeys:
    """A set of 64-bit hashes with open addressing. Two of 10 million keys are taken for equal with p = 3e-6."""

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * 1024))
        self._count = 0

    def add(self, key: str) -> bool:
        """Remember `key`; False when it was there."""
        if 2 * (self._count + 1) > len(self._slots):
            self._grow()
        added = _insert(self._slots, (hash(key) & 0xFFFF_FFFF_FFFF_FFFF) or 1)
        self._count += added
        return added

    def _grow(self) -> None:
        larger = array("Q", bytes(16 * len(self._slots)))
        for value in self._slots:
            if value:
                _insert(larger, value)
        self._slots = larger


def _insert(slots: array[int], value: int) -> bool:
    mask = len(slots) - 1
    place = value & mask
    while slots[place]:
        if slots[place] == value:
            return False
        place = (place + 1) & mask
    slots[place] = value
    return True
