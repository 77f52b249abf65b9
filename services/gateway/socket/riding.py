"""Which of the drivers connected here may be on a ride: their positions are never dropped.

Known from what they are told (`trip_assigned` and so on) and, for who has just come, from `trips`, asked for many at
once. Whoever it is not known of counts as riding.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

import eventlet
from nameko.extensions import SharedExtension

from hansom.contracts.errors import HansomError
from services.gateway.peers import Peer
from services.gateway.socket.buffer import NEVER_MS, Driver, PositionBuffer
from services.gateway.socket.flood import Rate

log = logging.getLogger(__name__)

RIDES = frozenset({"offer_made", "trip_assigned", "driver_arrived", "trip_started"})
"""After these a driver has a ride, or may have one at any moment."""
FREE = frozenset({"trip_completed", "trip_cancelled"})
LATE_MS = 5_000
"""What a phone says of the last seconds of a ride may come after its end."""
ASK_CHUNK = 1000
ASK_AGAIN_S = 30.0
"""Who had a ride, or an offer that came to nothing, is asked for again after this time: not every end is told him."""


class Drivers(SharedExtension):
    """The drivers who are connected to this gateway."""

    trips = Peer("trips")
    positions = PositionBuffer()

    def __init__(self) -> None:
        super().__init__()
        self._drivers: dict[str, Driver] = {}

    def setup(self) -> None:
        config = self.container.config
        self.refresh_s = float(config["PRESENCE_REFRESH_S"])
        self.rate = Rate(float(config["POSITION_RATE_PER_S"]), float(config["POSITION_BURST"]))

    def start(self) -> None:
        self.container.spawn_managed_thread(self._refresh, identifier="gateway.riding")

    def joined(self, driver_id: str) -> Driver:
        """The state of a driver who is here."""
        driver = self._drivers.get(driver_id)
        if driver is None:
            driver = Driver(driver_id, self.positions.lane_of(driver_id), self.rate.bucket())
            self._drivers[driver_id] = driver
        return driver

    def left(self, driver_id: str) -> None:
        """His last socket here has gone."""
        self._drivers.pop(driver_id, None)

    def heard(self, user_id: str, event: str) -> None:
        """A user is told this."""
        if event in RIDES:
            self.unsure(user_id)
        elif event in FREE and (driver := self._drivers.get(user_id)) is not None:
            driver.news += 1
            driver.is_free(time.time() * 1000 + LATE_MS)

    def unsure(self, user_id: str) -> None:
        """He may be on a ride from now on."""
        driver = self._drivers.get(user_id)
        if driver is not None:
            driver.rides()
            driver.asked_at = time.monotonic()

    def _refresh(self) -> None:
        while True:
            eventlet.sleep(self.refresh_s)
            before = time.monotonic() - ASK_AGAIN_S
            unknown = [
                driver
                for driver in self._drivers.values()
                if driver.free_since_ms == NEVER_MS and (not driver.asked_at or driver.asked_at < before)
            ]
            for start in range(0, len(unknown), ASK_CHUNK):
                if not self._ask(unknown[start : start + ASK_CHUNK]):
                    break

    def _ask(self, drivers: Sequence[Driver]) -> bool:
        """Ask `trips` who of them has a ride; False: it does not answer."""
        news = [driver.news for driver in drivers]
        asked_ms, asked_at = time.time() * 1000, time.monotonic()
        try:
            active = self.trips.client().get_active_by_driver({"driver_ids": [driver.id for driver in drivers]})
        except HansomError as exc:
            log.info("who has a ride is not known now: %s", exc.code)
            return False
        for driver, heard in zip(drivers, news, strict=True):
            driver.asked_at = asked_at
            # an event that came meanwhile knows better
            if driver.id not in active["items"] and driver.news == heard:
                driver.is_free(asked_ms + LATE_MS)
        return True
