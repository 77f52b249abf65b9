"""What this process is about to do and may forget: moves to be told, look-ups that failed a moment ago."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from nameko.extensions import DependencyProvider

from services.location.domain.positions import Position
from services.location.storage.live import Moved

MAX_MOVES = 20_000
LOOK_UP_PAUSE_S = 2.0


@dataclass(frozen=True, slots=True)
class PendingMove:
    """A car that has moved and whose rider is to be told."""

    moved: Moved
    position: Position


class Pending:
    """The newest move of each trip, until taken; and when drivers may be looked up again after a failure."""

    def __init__(self) -> None:
        self._moves: dict[str, PendingMove] = {}
        self._look_up_at = 0.0

    def put(self, move: PendingMove) -> None:
        if len(self._moves) < MAX_MOVES or move.moved.trip_id in self._moves:
            self._moves[move.moved.trip_id] = move

    def take(self) -> list[PendingMove]:
        """All moves since last time."""
        moves, self._moves = self._moves, {}
        return list(moves.values())

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
