"""Operators who watch a city: one question to each service a second and one frame for all, however many watch."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import eventlet
from nameko.extensions import SharedExtension

from hansom.cities import cities
from hansom.contracts.errors import HansomError
from hansom.contracts.location import CAR_FREE, CAR_HELD
from hansom.contracts.maps import UnknownCity
from hansom.validation import load
from hansom.wire import iso
from services.gateway import schemas
from services.gateway.peers import Peer
from services.gateway.socket.connection import Connection, event_frame
from services.gateway.socket.reports import only

log = logging.getLogger(__name__)

CITY_STATE = "city_state"
PARTS = LOCATION, TRIPS = "location", "trips"
ASK_S = 2.0
"""Patience with a service; what was known before is shown meanwhile."""

_CITY, _NOTHING = schemas.WatchedCity(), schemas.Nothing()


@dataclass(slots=True)
class City:
    """A city that somebody watches, and what was last known of it."""

    key: str
    watchers: set[Connection] = field(default_factory=set)
    frame: bytes = b""
    cars: dict[str, Any] = field(default_factory=lambda: {"drivers": [], "more": 0})
    riders: dict[str, Any] = field(default_factory=lambda: {"waiting": [], "held": []})
    missing: list[str] = field(default_factory=list)

    def learn(self, answers: Mapping[str, dict[str, Any]], at: datetime) -> None:
        """Take what services said at a moment; what does not answer is as it was. All is, when it raises."""
        cars, riders = answers.get(LOCATION, self.cars), answers.get(TRIPS, self.riders)
        missing = [part for part in PARTS if part not in answers]
        seen = {"city": self.key, "at": iso(at), **_together(cars, riders), "missing": missing}
        self.frame = event_frame(CITY_STATE, seen, None)
        self.cars, self.riders, self.missing = cars, riders, missing


def _together(cars: dict[str, Any], riders: dict[str, Any]) -> dict[str, Any]:
    """A free car with an open offer is held."""
    held, drivers = frozenset(riders["held"]), cars["drivers"]
    return {
        "drivers": [[*row[:4], CAR_HELD] if row[4] == CAR_FREE and row[0] in held else row for row in drivers],
        "waiting": riders["waiting"],
        "more": cars["more"],
    }


class CityWatchers(SharedExtension):
    """The watching operators of one gateway. Nothing is asked about a city that nobody watches."""

    location, trips = Peer("location"), Peer("trips")

    def __init__(self) -> None:
        super().__init__()
        self._watched: dict[Connection, City] = {}
        self.cities: dict[str, City] = {}
        """Those that are looked at."""

    def setup(self) -> None:
        config = self.container.config
        self.interval_s = float(config["CITY_PUSH_INTERVAL_S"])
        self.served = frozenset(cities(config))

    # -- who watches -------------------------------------------------------------------------------------------------
    def watch_city(self, connection: Connection, data: dict[str, Any], correlation_id: Any) -> None:
        """Watch this city instead of any before; what was last seen comes at once. Raises WrongRole, UnknownCity."""
        only(connection, "ops")
        key = load(_CITY, data)["city"]
        if key not in self.served:
            raise UnknownCity(details={"city": [f"{key} is not a city here."]})
        self.unwatch(connection)
        city = self.cities.get(key)
        if city is None:
            city = self.cities[key] = City(key)
            self.container.spawn_managed_thread(partial(self._follow, city), identifier="gateway.city")
        city.watchers.add(connection)
        self._watched[connection] = city
        connection.reply(correlation_id, {})
        if city.frame:
            connection.push(city.frame)

    def unwatch_city(self, connection: Connection, data: dict[str, Any], correlation_id: Any) -> None:
        only(connection, "ops")
        load(_NOTHING, data)
        self.unwatch(connection)
        connection.reply(correlation_id, {})

    def unwatch(self, connection: Connection) -> None:
        """It watches nothing any more."""
        city = self._watched.pop(connection, None)
        if city is not None:
            city.watchers.discard(connection)

    # -- what they see -----------------------------------------------------------------------------------------------
    def _follow(self, city: City) -> None:
        """Look at the city once an interval, for as long as anybody watches."""
        while city.watchers:
            began = time.monotonic()
            for step in (self._look, self._show):
                try:
                    step(city)
                except Exception:
                    # What one city's answers do not agree with ends neither its watching nor, as anything that leaves
                    # a managed thread would, the gateway with everybody's sockets. But nobody may take what he sees
                    # for the present: it is shown as it was last known, with all its parts named as missing.
                    log.exception("a bug hides a city from operators", extra={"city": city.key})
                    city.learn({}, datetime.now(UTC))
            eventlet.sleep(max(0.0, self.interval_s - (time.monotonic() - began)))
        del self.cities[city.key]

    def _look(self, city: City) -> None:
        """Ask all parts at once."""
        at, asked, answers = datetime.now(UTC), {}, {}
        for part, peer in ((LOCATION, self.location), (TRIPS, self.trips)):
            with self._missed(city, part):
                asked[part] = peer.client().call_async("see_city", {"city": city.key}, ASK_S)
        for part, reply in asked.items():
            with self._missed(city, part):
                answers[part] = reply.result()
        city.learn(answers, at)

    @staticmethod
    @contextmanager
    def _missed(city: City, part: str) -> Iterator[None]:
        try:
            yield
        except HansomError as exc:
            if part not in city.missing:
                log.warning("a watched city is not seen as it is: %s", exc.code, extra={"city": city.key, "part": part})

    @staticmethod
    def _show(city: City) -> None:
        """To all who have what they were sent before: who is slow is sent less often, and never what is old."""
        for connection in list(city.watchers):
            if connection.caught_up:
                connection.push(city.frame)
