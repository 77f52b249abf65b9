"""What does not answer is left alone for a moment, so that those who ask do not all wait for it."""

from __future__ import annotations

import time
from collections.abc import Callable

LOST_IN_A_ROW = 5


class Circuit:
    """Open after so many questions in a row were not answered: then for `pause_s` nobody asks, and after that one does,
    whose answer closes it. A pause of nothing: never open."""

    def __init__(self, pause_s: float, now_s: Callable[[], float] = time.monotonic) -> None:
        self._pause_s, self._now_s = pause_s, now_s
        self._lost_in_a_row = 0
        self._asked_again_at_s = 0.0

    def may_ask(self) -> bool:
        """Whether to ask now. Who may while it is open is the one who tries, and the others wait for him."""
        if self._lost_in_a_row < LOST_IN_A_ROW:
            return True
        if self._now_s() < self._asked_again_at_s:
            return False
        self._asked_again_at_s = self._now_s() + self._pause_s
        return True

    def answered(self) -> None:
        self._lost_in_a_row = 0

    def lost(self) -> None:
        self._lost_in_a_row += 1
        self._asked_again_at_s = self._now_s() + self._pause_s
