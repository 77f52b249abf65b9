"""Operators who watch a city: one question to each service a second and one frame for all, however many watch."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import eventlet
from nameko.extensions import SharedExtension

from hansom.cities import cities
from hansom.contracts.errors import HansomError
from hansom.contracts.location import CAR_FREE, CAR_HELD, MAX_LIVE
from hansom.contracts.maps import UnknownCity
from hansom.validation import load
from hansom.wire import iso
from services.gateway import schemas
from services.gateway.peers import Peer
from services.gateway.socket.connection import Connection, event_frame
from services.gateway.socket.reports import only

log = logging.getLogger(__name__)

CITY_STATE = "city_state"
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
    waiting: list[list[Any]] = field(default_factory=list)
    held: frozenset[str] = frozenset()


class CityWatchers(SharedExtension):
    """The watching operators of one gateway. Nothing is asked about a city that nobody watches."""

    location, trips = Peer("location"), Peer("trips")

    def __init__(self) -> None:
        super().__init__()
        self._watched: dict[Connection, City] = {}
        self._cities: dict[str, City] = {}

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
        city = self._cities.get(key)
        if city is None:
            city = self._cities[key] = City(key)
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
            self._look(city)
            self._show(city)
            eventlet.sleep(max(0.0, self.interval_s - (time.monotonic() - began)))
        del self._cities[city.key]

    def _look(self, city: City) -> None:
        at, missing = datetime.now(UTC), []
        asked = {
            "location": (self.location, "see_city", {"city": city.key, "limit": MAX_LIVE}),
            "trips": (self.trips, "list_waiting", {"city": city.key}),
            "offers": (self.trips, "list_unfree_drivers", {}),
        }
        replies = {}
        for part, (peer, method, payload) in asked.items():
            try:
                replies[part] = peer.client().call_async(method, payload, ASK_S)
            except HansomError as exc:
                log.warning("a city cannot be looked at: %s", exc.code, extra={"part": part})
        answers = {}
        for part, reply in replies.items():
            try:
                answers[part] = reply.result()
            except HansomError as exc:
                log.warning("a city cannot be looked at: %s", exc.code, extra={"part": part})
        if "location" in answers:
            city.cars = answers["location"]
        else:
            missing.append("location")
        if "trips" in answers and "offers" in answers:
            city.waiting = [_waiting(each) for each in answers["trips"]["items"]]
            city.held = frozenset(answers["offers"]["driver_ids"])
        else:
            missing.append("trips")
        city.frame = _frame(city, at, missing)

    def _show(self, city: City) -> None:
        """To all who take it; whoever has not yet read the last one gets the next, and never an old one."""
        for connection in list(city.watchers):
            if connection.takes:
                connection.push(city.frame)


def _waiting(trip: dict[str, Any]) -> list[Any]:
    return [trip["trip_id"], round(trip["pickup"]["lat"], 5), round(trip["pickup"]["lng"], 5), trip["waiting_since"]]


def _frame(city: City, at: datetime, missing: list[str]) -> bytes:
    drivers = [
        [*row[:4], CAR_HELD] if row[4] == CAR_FREE and row[0] in city.held else row for row in city.cars["drivers"]
    ]
    seen = {"drivers": drivers, "waiting": city.waiting, "more": city.cars["more"], "missing": missing}
    return event_frame(CITY_STATE, {"city": city.key, "at": iso(at), **seen}, None)
