"""What earlier days taught about places: how much sooner a driver gets his next trip here than elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SLOT_S = 1800.0
"""The day in half hours, as the service learns it."""

SLOTS = 48


@dataclass(frozen=True)
class Worths:
    """`seconds` (SLOTS, N): at each half hour and place, how much sooner than in the city's mean; negative: later."""

    seconds: np.ndarray

    def at(self, now_s: float) -> np.ndarray:
        """(N,): the half hour that `now_s`, seconds since midnight, is in."""
        found: np.ndarray = self.seconds[int(now_s // SLOT_S) % SLOTS]
        return found
