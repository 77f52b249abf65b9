"""What this process knows of drivers for judging their next positions: the most recent ones, the rest is in Redis."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from nameko.extensions import DependencyProvider

from hansom.cities import cities
from hansom.sharing import Sharing
from services.location.domain.plausible import Box, Rules, Watched, widened
from services.location.storage.live import Doubt, LiveCars
from services.location.storage.marks import Marks

MAX_WATCHED = 50_000
"""Drivers kept in mind, about 400 bytes each; of one who is not, the last position is asked of Redis."""

RECALL_EVERY_MS = 2000
"""After Redis was emptied many batches ask for marks at once."""


class Watch:
    """The rules, where they hold, and what is known of the drivers heard last.

    What it knows is not shared: it is forgotten when this replica takes over drivers from another.
    """

    def __init__(self, rules: Rules, areas: Sequence[Box]) -> None:
        self.rules = rules
        self.areas = widened(areas, rules.margin_m)
        self.doubt = Doubt(rules.doubt_marks, int(rules.doubt_window_s * 1000))
        self._known: OrderedDict[str, Watched] = OrderedDict()
        self._recalled: dict[str, list[tuple[int, int]]] = {}
        self._recalled_ms = 0

    def of(self, driver_ids: set[str], cars: LiveCars) -> dict[str, Watched]:
        """What is known of these drivers; of those not in mind Redis is asked, all at once. Raises RedisError."""
        found = {driver_id: known for driver_id in driver_ids if (known := self._known.get(driver_id)) is not None}
        missing = [driver_id for driver_id in driver_ids if driver_id not in found]
        if missing:
            found |= {position.driver_id: Watched(position) for position in cars.last_positions(missing)}
        return found

    def forget(self) -> None:
        """Another replica may have had these drivers' positions meanwhile: Redis knows their last ones."""
        self._known.clear()

    def recent_marks(self, driver_ids: Sequence[str], now_ms: int, marks: Marks) -> dict[str, list[tuple[int, int]]]:
        """(at, seq) of these drivers' marks that may make them doubtful still, as of RECALL_EVERY_MS ago at most.

        Raises PyMongoError.
        """
        if abs(now_ms - self._recalled_ms) >= RECALL_EVERY_MS:
            self._recalled = marks.recent(now_ms - self.doubt.window_ms, self.doubt.marks)
            self._recalled_ms = now_ms
        return {driver_id: self._recalled[driver_id] for driver_id in driver_ids if driver_id in self._recalled}

    def keep(self, known: Mapping[str, Watched]) -> None:
        """Take what judging has shown; who was heard of longest ago is forgotten."""
        for driver_id, watched in known.items():
            self._known[driver_id] = watched
            self._known.move_to_end(driver_id)
        while len(self._known) > MAX_WATCHED:
            self._known.popitem(last=False)


class Plausible(DependencyProvider):
    """Gives a worker what positions are judged by: `watch = Plausible()`. Wrong settings stop the start."""

    sharing = Sharing()

    def setup(self) -> None:
        config = self.container.config
        boxes = [city.service_area for city in cities(config).values()]
        areas = [(box.south, box.west, box.north, box.east) for box in boxes]
        self.watch = Watch(Rules.from_settings(config["POSITION_RULES"]), areas)
        self.sharing.when_taken(self._forget)

    def _forget(self, queue: str) -> None:
        self.watch.forget()

    def get_dependency(self, worker_ctx: Any) -> Watch:
        return self.watch
