"""The trips service under another name, and small services that stand for those it asks.

They speak the same RPC over the same broker. The names differ from the real ones, so that a whole stack may run beside.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from nameko.testing.services import dummy
from sqlalchemy import event

from hansom.amqp import Broker
from hansom.clock import SystemClock
from hansom.consumer import consume
from hansom.contracts import topology
from hansom.contracts.errors import HansomError, NotFound
from hansom.events import Event, declare_consumer
from hansom.rpc import ServiceClient, rpc
from hansom.stack.scratch import empty_database
from hansom.store import engine_for
from hansom.wire import iso
from services.trips.service import TripsService
from services.trips.storage.tables import Base
from tests.support.trips_builders import DROPOFF, PICKUP, a_card, some_terms

SERVICE, EAR = "trips_under_test", "trips_ear"


class TripsUnderTest(TripsService):
    name = SERVICE

    pricing = ServiceClient("trips_pricing")
    payments = ServiceClient("trips_payments")
    drivers = ServiceClient("trips_drivers")
    location = ServiceClient("trips_location")


class World:
    """What the stand-ins answer, what they were asked, and the events that arrived."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.quotes: dict[str, dict[str, Any]] = {}
        self.failures: dict[str, HansomError] = {}
        self.trace = {"distance_m": 1400.0, "method": "matched", "credible": True, "complete": True, "points": 60}
        self.discounted: dict[str, Any] = {}
        self.fixes: list[dict[str, Any]] = []
        self.positions: dict[str, dict[str, Any] | None] = {}
        self.listening: dict[str, Any] = {"listening_since": None, "listening_until": None}
        self.asked: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.events: list[Event] = []

    def answer(self, method: str, payload: dict[str, Any]) -> None:
        """Note what was asked; raise what the test wants raised."""
        self.asked[method].append(payload)
        if method in self.failures:
            raise self.failures[method]

    def add_quote(self, rider_id: str, ttl_s: float = 300, **changes: Any) -> str:
        """A quote as pricing.get_quote gives it; gives its id."""
        quote_id = uuid4().hex
        option = {"category": "standard", "fare": {"amount_minor": 950, "currency": "EUR"}, "breakdown": []}
        options = [{**option, **some_terms(), **changes.pop("option", {})}]
        self.quotes[quote_id] = {
            "id": quote_id,
            "rider_id": rider_id,
            "city": "helsinki",
            "pickup": PICKUP.as_dict(),
            "dropoff": DROPOFF.as_dict(),
            "distance_m": 1234.5,
            "duration_s": 300.0,
            "options": options,
            "expires_at": iso(SystemClock().now() + timedelta(seconds=ttl_s)),
            **changes,
        }
        return quote_id

    def told(self, trip_id: str) -> list[str]:
        """Types of the events about a trip, in the order in which they came."""
        return [each.type for each in self.events if each.key == trip_id]


WORLD = World()


class Pricing:
    name = "trips_pricing"

    @rpc
    def get_quote(self, payload: dict[str, Any]) -> dict[str, Any]:
        WORLD.answer("get_quote", payload)
        if payload["quote_id"] not in WORLD.quotes:
            raise NotFound()
        return WORLD.quotes[payload["quote_id"]]

    @rpc
    def final_fare(self, payload: dict[str, Any]) -> dict[str, Any]:
        WORLD.answer("final_fare", payload)
        fare, tax = {"amount_minor": 1010, "currency": "EUR"}, {"amount_minor": 120, "currency": "EUR"}
        lines = [{"code": "distance", "label": "Distance", "amount": fare}]
        reply = {
            "fare": fare,
            "breakdown": lines,
            "tax": {"rate": 0.135, "amount": tax},
            "reason": "longer_than_quoted",
        }
        return {**reply, **WORLD.discounted}

    @rpc
    def reserve_promo(self, payload: dict[str, Any]) -> dict[str, Any]:
        WORLD.answer("reserve_promo", payload)
        return {"code": "WELCOME", "discount": {"amount_minor": 300, "currency": "EUR"}}

    @rpc
    def release_promo(self, payload: dict[str, Any]) -> dict[str, Any]:
        WORLD.answer("release_promo", payload)
        return {}

    @rpc
    def requote(self, payload: dict[str, Any]) -> dict[str, Any]:
        """A quote for another destination of the trip, kept like any other."""
        WORLD.answer("requote", payload)
        changed = {"dropoff": payload["dropoff"], "parent_id": payload["quote_id"], "trip_id": payload["trip_id"]}
        option = {"category": payload["category"], "fare": {"amount_minor": 1500, "currency": "EUR"}, "breakdown": []}
        quote_id = WORLD.add_quote(payload["rider_id"], options=[{**option, **some_terms()}], **changed)
        return WORLD.quotes[quote_id]


class Payments:
    name = "trips_payments"

    @rpc
    def authorize_ride(self, payload: dict[str, Any]) -> dict[str, Any]:
        WORLD.answer("authorize_ride", payload)
        return {"state": "held"}

    @rpc
    def release_holds(self, payload: dict[str, Any]) -> dict[str, Any]:
        WORLD.answer("release_holds", payload)
        return {}


class Drivers:
    name = "trips_drivers"

    @rpc
    def get_cards(self, payload: dict[str, Any]) -> dict[str, Any]:
        WORLD.answer("get_cards", payload)
        return {"items": {each: a_card(each) for each in payload["driver_ids"] if each != "nobody"}}


class Location:
    name = "trips_location"

    @rpc
    def finish_trace(self, payload: dict[str, Any]) -> dict[str, Any]:
        WORLD.answer("finish_trace", payload)
        return WORLD.trace

    @rpc
    def get_trace(self, payload: dict[str, Any]) -> dict[str, Any]:
        WORLD.answer("get_trace", payload)
        return {"points": WORLD.fixes}

    @rpc
    def get_positions(self, payload: dict[str, Any]) -> dict[str, Any]:
        WORLD.answer("get_positions", payload)
        return {"items": {each: WORLD.positions.get(each) for each in payload["driver_ids"]}}

    @rpc
    def last_heard(self, payload: dict[str, Any]) -> dict[str, Any]:
        WORLD.answer("last_heard", payload)
        return {"items": {each: {"at": None, "point": None} for each in payload["driver_ids"]}, **WORLD.listening}


class Ear:
    """Hears every event of trips."""

    name = EAR

    @consume
    def on_events(self, events: list[Event]) -> None:
        WORLD.events += events


class Caller:
    """A client of the service, through the broker."""

    name = "trips_caller"
    trips = ServiceClient(SERVICE)

    @dummy
    def idle(self) -> None:
        """Nameko runs no class without an entrypoint."""


class Speaker:
    """Tells what drivers would, to the service under test alone."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._partitions = int(config["EVENT_PARTITIONS"])
        self._broker = Broker()
        self._broker.declare(lambda channel: declare_consumer(channel, SERVICE, config))
        self._broker.open(config["AMQP_URI"], "trips_speaker")

    def close(self) -> None:
        self._broker.stop()

    def go_offline(self, driver_id: str, at: datetime) -> None:
        data = {"driver_id": driver_id, "online": False, "categories": ["standard"]}
        event = Event(uuid4().hex, "driver_availability_changed", 1, at, "trips_drivers", driver_id, data)
        self._broker.publish_many([event.to_message(self._partitions)])


STAND_INS = (Pricing, Payments, Drivers, Location, Ear)


@contextmanager
def listening() -> Iterator[None]:
    """Within it, `Ear` hears the service under test, and that hears the stand-in of drivers."""
    topology.PUBLISHED[SERVICE] = topology.PUBLISHED["trips"]
    topology.SUBSCRIPTIONS[SERVICE] = {"trips_drivers": topology.SUBSCRIPTIONS["trips"]["drivers"]}
    topology.SUBSCRIPTIONS[EAR] = {SERVICE: topology.PUBLISHED["trips"]}
    yield
    del topology.PUBLISHED[SERVICE], topology.SUBSCRIPTIONS[SERVICE], topology.SUBSCRIPTIONS[EAR]


@contextmanager
def own_stores(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Settings with a fresh Postgres and MongoDB database for the service under test; both are dropped at the end."""
    with empty_database(config, "trips") as uri:
        uris = {**config["DB_URIS"], f"{SERVICE}:Base": uri}
        settings = {**config, "DB_URIS": uris, "MONGO_DATABASE": uri.rpartition("/")[2]}
        engine = engine_for(settings, SERVICE)
        Base.metadata.create_all(engine)
        engine.dispose()
        yield settings


class Statements:
    """Counts what an engine sends to Postgres: `with Statements(engine) as sent:`, then `sent.statements`."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.statements: list[str] = []
        self.commits = 0

    def __enter__(self) -> Statements:
        event.listen(self._engine, "before_cursor_execute", self._executed)
        event.listen(self._engine, "commit", self._committed)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._executed)
        event.remove(self._engine, "commit", self._committed)

    def _executed(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self.statements.append(statement)

    def _committed(self, _connection: Any) -> None:
        self.commits += 1
