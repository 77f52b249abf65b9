"""What this process is about to do and may forget: moves to be told, drivers to be looked up as soon as one can."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nameko.extensions import DependencyProvider

from services.location.domain.positions import Position
from services.location.storage.live import Moved

MAX_MOVES = 20_000
MAX_WAITING = 100_000
LOOK_UP_PAUSE_S = 2.0


@dataclass(frozen=True, slots=True)
class PendingMove:
    """A car that has moved and whose rider is to be told."""

    moved: Moved
    position: Position


class Pending:
    """The newest move of each trip, until taken; the newest position of each driver who could not be looked up, and
    when that may be tried again."""

    def __init__(self) -> None:
        self._moves: dict[str, PendingMove] = {}
        self._waiting: dict[str, Position] = {}
        self._look_up_at = 0.0

    def put(self, move: PendingMove) -> None:
        if len(self._moves) < MAX_MOVES or move.moved.trip_id in self._moves:
            self._moves[move.moved.trip_id] = move

    def take(self) -> list[PendingMove]:
        """All moves since last time."""
        moves, self._moves = self._moves, {}
        return list(moves.values())

    def wait(self, positions: Iterable[Position]) -> None:
        """Positions of drivers who are not known yet. Traces do not depend on it: Redis remembers those for them."""
        for position in positions:
            known = self._waiting.get(position.driver_id)
            if known is None:
                if position.mark is None and len(self._waiting) < MAX_WAITING:
                    self._waiting[position.driver_id] = position
            elif position.mark is None and (position.at_ms, position.seq) > (known.at_ms, known.seq):
                self._waiting[position.driver_id] = position

    def take_waiting(self) -> list[Position]:
        """The positions that wait, one of a driver."""
        waiting, self._waiting = self._waiting, {}
        return list(waiting.values())

    def may_look_up(self) -> bool:
        return time.monotonic() >= self._look_up_at

    def look_up_failed(self) -> None:
        """Positions must not wait for a service that is down: leave it alone for a while."""
        self._look_up_at = time.monotonic() + LOOK_UP_PAUSE_S


class UnderWay(DependencyProvider):
    """Gives a worker what the process has under way: `pending = UnderWay()`."""

    def setup(self) -> None:
        self.pending = Pending()

    def get_dependency(self, worker_ctx: Any) -> Pending:
        return self.pending
