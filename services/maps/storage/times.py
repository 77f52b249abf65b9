"""A bounded memory of road times, looked up and filled many at once."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Seconds = NDArray[np.float32]

WAYS = 8
"""Places that a key may be kept in, one line of the processor's cache; the longest kept gives way. Of a table that
fills a quarter of the memory one time in 30,000 finds all eight taken by others of the same table."""

BYTES_EACH = 8 + 4 + 4
UNREACHABLE = -1.0
"""Kept where no road leads."""


class RoadTimesMemory:
    """Seconds by 64-bit key, in arrays of a fixed size: it never grows and gives the garbage collector nothing to do.

    A dictionary of a million such entries would take 120 MB and ten times as long to ask for a whole table. `entries`
    is rounded up to a power of two; a key of 0 is never kept.
    """

    def __init__(self, entries: int, clock: Callable[[], float] = time.monotonic) -> None:
        sets = 1 << max(0, (max(1, entries) - 1).bit_length() - 3)
        self._keys = np.zeros((sets, WAYS), dtype=np.uint64)
        self._values = np.zeros((sets, WAYS), dtype=np.float32)
        self._kept_at = np.zeros((sets, WAYS), dtype=np.uint32)
        self._mask = np.uint64(sets - 1)
        for array in (self._keys, self._values, self._kept_at):
            # the system gives memory at the first writing: better now than under a question
            array.fill(0)
        # so that even the first moment is later than "never"
        self._clock, self._began = clock, clock() - 1

    @property
    def nbytes(self) -> int:
        return self._keys.nbytes + self._values.nbytes + self._kept_at.nbytes

    def look_up(self, keys: Keys, max_age_s: float) -> Seconds:
        """Seconds for each key, in the shape of `keys`: NaN where it is not known or older, UNREACHABLE for no road."""
        flat = keys.ravel()
        sets, way, known = self._find(flat)
        known &= self._now() - self._kept_at[sets, way].astype(np.int64) <= max_age_s
        return np.where(known, self._values[sets, way], np.float32(np.nan)).reshape(keys.shape)

    def keep(self, keys: Keys, seconds: Seconds) -> None:
        """Keep seconds (UNREACHABLE for no road) for keys, both flat, of one length.

        A new key takes the place that was filled longest ago, several new ones of one set that and the next ones.
        """
        # one set after the other: memory is read in its order, which takes half the time
        order = np.argsort(keys & self._mask)
        keys, seconds = keys[order], seconds[order]
        sets, way, known = self._find(keys)
        new = np.flatnonzero(~known)
        way[new] = (self._kept_at[sets[new]].argmin(axis=1) + _ranks(sets[new])) % WAYS
        self._keys[sets, way] = keys
        self._values[sets, way] = seconds
        self._kept_at[sets, way] = self._now()

    def _find(self, keys: Keys) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
        sets = (keys & self._mask).astype(np.intp)
        same = self._keys[sets] == keys[:, None]
        way = same.argmax(axis=1)
        return sets, way, same[np.arange(len(keys)), way]

    def _now(self) -> int:
        return int(self._clock() - self._began)


def _ranks(groups: NDArray[np.intp]) -> NDArray[np.intp]:
    """How many of the same group stand before each; groups stand together."""
    numbers = np.arange(len(groups))
    begins = np.concatenate([[True], groups[1:] != groups[:-1]])[: len(groups)]
    return numbers - np.maximum.accumulate(np.where(begins, numbers, 0))


_ODD = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def pair_keys(starts: Keys, ends: Keys) -> Keys:
    """One key for each (start, end), another one for the way back. Takes shapes that broadcast: (n, 1) and (m).

    The finaliser is splitmix64's (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014). Of
    a million keys two are the same with a probability of 3 in 100 million.
    """
    with np.errstate(over="ignore"):
        mixed = starts * _ODD[0] + (ends ^ _ODD[1]) * _ODD[1]
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX[0]
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX[1]
        return mixed ^ (mixed >> np.uint64(31))
