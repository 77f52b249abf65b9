"""Stand-ins of the services that matching asks, true to the rules that matter to it, and builders of its events.

Names and queues differ from the real ones, so that a whole stack may run beside them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from hansom.amqp import Broker, Outgoing, connect
from hansom.contracts.errors import Unavailable
from hansom.contracts.topology import event_queue, parked_queue
from hansom.events import Event, declare_consumer, partition_of
from hansom.ids import new_id
from hansom.rpc import rpc
from hansom.values import Point, distance_m
from hansom.wire import iso, parse_time, point_of
from tests.support.waiting import eventually

SPEED_MPS = 8.0
"""Of the stand-in's roads, which are straight."""

PICKUP_SEGMENT = "881126d339fffff"
SEGMENTS = (PICKUP_SEGMENT, "881126d333fffff", "881126d335fffff", "881126d337fffff", "881126d331fffff")
"""H3 cells around the pickup of `a_trip`."""


@dataclass
class World:
    """What the stand-ins share: trips by id, free drivers, offers; and which of them are out of order.

    `busy`: drivers near who have a ride. `finishing`: driver → where and in how many seconds he ends one. `shown`:
    offers that were seen. `worths`: of segments. `meanwhile`: method → what happens while it is asked.
    """

    trips: dict[str, dict[str, Any]] = field(default_factory=dict)
    drivers: dict[str, Point] = field(default_factory=dict)
    offers: dict[str, dict[str, Any]] = field(default_factory=dict)
    excluded: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    down: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    finishing: dict[str, tuple[Point, float]] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)
    busy: set[str] = field(default_factory=set)
    worths: dict[str, float] = field(default_factory=dict)
    meanwhile: dict[str, Callable[[], Any]] = field(default_factory=dict)

    def ask(self, service: str, method: str) -> None:
        """Note a call; raises Unavailable when the service is out of order."""
        self.calls.append(method)
        self.meanwhile.get(method, bool)()
        if service in self.down:
            raise Unavailable()

    def open_offers(self) -> list[dict[str, Any]]:
        return [offer for offer in self.offers.values() if offer["open"]]

    def offer_of(self, trip_id: str) -> dict[str, Any] | None:
        """The trip's open offer."""
        return next((offer for offer in self.open_offers() if offer["trip_id"] == trip_id), None)


class StandInTrips:
    """Keeps the rules of trips: one open offer a trip and a driver, no pair twice."""

    name = "stand_in_trips"
    world: ClassVar[World]

    @rpc
    def list_waiting(self, payload: dict[str, Any]) -> dict[str, Any]:
        self.world.ask("trips", "list_waiting")
        waiting = [trip for trip in self.world.trips.values() if trip["state"] == "requested"]
        return {"items": [self._waiting(trip) for trip in waiting if trip["city"] == payload["city"]]}

    @rpc
    def make_offers(self, payload: dict[str, Any]) -> dict[str, Any]:
        self.world.ask("trips", "make_offers")
        made, refused = [], []
        for each in payload["offers"]:
            pair = {"trip_id": each["trip_id"], "driver_id": each["driver_id"]}
            reason = self._refusal(**pair, replaces=each["replaces"])
            if reason is not None:
                refused.append({**pair, "reason": reason})
                continue
            if each["replaces"] is not None:
                self.world.offers[each["replaces"]]["open"] = False
            expires_at = datetime.now(UTC) + timedelta(seconds=each["ttl_s"])
            offer = {"offer_id": new_id(), **pair, "expires_at": iso(expires_at), "pickup_eta_s": each["pickup_eta_s"]}
            self.world.offers[offer["offer_id"]] = {**offer, "open": True}
            self.world.excluded[each["trip_id"]].add(each["driver_id"])
            made.append(offer)
        return {"made": made, "refused": refused}

    @rpc
    def list_unshown_offers(self, payload: dict[str, Any]) -> dict[str, Any]:
        self.world.ask("trips", "list_unshown_offers")
        opened = {offer["offer_id"] for offer in self.world.open_offers()} - self.world.shown
        return {"offer_ids": [offer_id for offer_id in payload["offer_ids"] if offer_id in opened]}

    def _refusal(self, trip_id: str, driver_id: str, replaces: str | None) -> str | None:
        trip = self.world.trips.get(trip_id)
        if trip is None:
            return "unknown_trip"
        opened = (self.world.offer_of(trip_id) or {}).get("offer_id")
        reasons = (
            ("trip_not_waiting", trip["state"] != "requested"),
            ("trip_has_open_offer", replaces is None and opened is not None),
            ("offer_gone", replaces != opened),
            ("offer_shown", replaces in self.world.shown),
            ("driver_excluded", driver_id in self.world.excluded[trip_id]),
            ("driver_not_free", any(offer["driver_id"] == driver_id for offer in self.world.open_offers())),
        )
        return next((reason for reason, holds in reasons if holds), None)

    def _waiting(self, trip: dict[str, Any]) -> dict[str, Any]:
        return {
            **{name: trip[name] for name in ("rider_id", "city", "category", "pickup", "dropoff", "fare")},
            "trip_id": trip["id"],
            "requested_at": trip["requested_at"],
            "waiting_since": trip["waiting_since"],
            "returned": False,
            "excluded_driver_ids": sorted(self.world.excluded[trip["id"]]),
            "has_open_offer": self.world.offer_of(trip["id"]) is not None,
        }


class StandInLocation:
    """Every free driver is near enough; the nearest come first."""

    name = "stand_in_location"
    world: ClassVar[World]

    @rpc
    def find_candidates(self, payload: dict[str, Any]) -> dict[str, Any]:
        self.world.ask("location", "find_candidates")
        within_s = payload["finishing_within_s"]
        soon = [[who, at.lat, at.lng, in_s] for who, (at, in_s) in self.world.finishing.items() if in_s <= within_s]
        return {
            "items": {
                request["trip_id"]: self._near(point_of(request["point"]), set(request["exclude"]), payload["limit"])
                for request in payload["requests"]
            },
            "finishing": {
                request["trip_id"]: [row for row in soon if row[0] not in request["exclude"]]
                for request in payload["requests"]
            },
        }

    @rpc
    def look_around(self, payload: dict[str, Any]) -> dict[str, Any]:
        self.world.ask("location", "look_around")
        soon = sorted((in_s, who) for who, (_, in_s) in self.world.finishing.items())
        around = {"busy": len(self.world.busy), "finishing": [[who, in_s] for in_s, who in soon]}
        return {"items": {request["trip_id"]: around for request in payload["requests"]}}

    def _near(self, point: Point, exclude: set[str], limit: int) -> list[list[Any]]:
        free = [(driver_id, at) for driver_id, at in self.world.drivers.items() if driver_id not in exclude]
        free.sort(key=lambda each: distance_m(each[1], point))
        return [[driver_id, at.lat, at.lng] for driver_id, at in free[:limit]]


class StandInMaps:
    """Roads are straight."""

    name = "stand_in_maps"
    world: ClassVar[World]

    @rpc
    def table(self, payload: dict[str, Any]) -> dict[str, Any]:
        self.world.ask("maps", "table")
        destinations = [Point(*each) for each in payload["destinations"]]
        rows = [[distance_m(Point(*each), to) / SPEED_MPS for to in destinations] for each in payload["sources"]]
        return {"durations_s": rows, "estimated": False}

    @rpc
    def get_segments(self, payload: dict[str, Any]) -> dict[str, Any]:
        self.world.ask("maps", "get_segments")
        return {"cells": list(SEGMENTS)}


class StandInAnalytics:
    """Knows what places are worth."""

    name = "stand_in_analytics"
    world: ClassVar[World]

    @rpc
    def worths(self, payload: dict[str, Any]) -> dict[str, Any]:
        self.world.ask("analytics", "worths")
        return {"items": dict(self.world.worths), "learnt_at": iso(datetime.now(UTC))}


def a_trip(**changes: Any) -> dict[str, Any]:
    """A trip in the middle of Helsinki as `trips` tells it, just requested."""
    now = iso(datetime.now(UTC))
    blank = dict.fromkeys(
        ("assigned_at", "arrived_at", "started_at", "completed_at", "cancelled_at", "cancelled_by", "expired_at")
    )
    trip = {
        "id": new_id(),
        "state": "requested",
        "category": "standard",
        "city": "helsinki",
        "rider_id": new_id(),
        "driver_id": None,
        "driver": None,
        "pickup": {"lat": 60.1700, "lng": 24.9400},
        "dropoff": {"lat": 60.1750, "lng": 24.9500},
        "quote_id": new_id(),
        "fare": {"amount_minor": 1250, "currency": "EUR"},
        "pin": "1234",
        "distance_m": 1500.0,
        "duration_s": 240.0,
        "requested_at": now,
        "waiting_since": now,
        "version": 1,
        **blank,
    }
    return {**trip, **changes}


def an_event(type_: str, key: str, data: dict[str, Any], publisher: str = "trips", **changes: Any) -> Event:
    """An event as its publisher's relay would send it."""
    occurred_at = changes.get("occurred_at") or datetime.now(UTC)
    if isinstance(occurred_at, str):
        occurred_at = parse_time(occurred_at)
    event_id = changes.get("event_id") or new_id()
    return Event(event_id, type_, 1, occurred_at, publisher, key, data)  # type: ignore[arg-type]


class Teller:
    """Puts events on a consumer's own queues, as a relay would; nobody else hears of them."""

    def __init__(self, broker: Broker, consumer: str, partitions: int) -> None:
        self._broker, self._consumer, self._partitions = broker, consumer, partitions

    def tell(self, *events: Event) -> None:
        self._broker.publish_many([self._addressed(event) for event in events])

    def _addressed(self, event: Event) -> Outgoing:
        queue = event_queue(self._consumer, partition_of(event.key, self._partitions))
        return replace(event.to_message(self._partitions), exchange="", routing_key=queue)


@contextmanager
def telling(config: dict[str, Any], consumer: str, *more_queues: str) -> Iterator[Teller]:
    """A teller to `consumer`, whose queues are there and empty, and gone afterwards with `more_queues`."""
    broker = Broker()
    broker.declare(lambda channel: empty_queues(channel, consumer, config))
    broker.open(config["AMQP_URI"], f"test.{consumer}")
    try:
        yield Teller(broker, consumer, int(config["EVENT_PARTITIONS"]))
    finally:
        broker.stop()
        connection = connect(config["AMQP_URI"])
        channel = connection.channel()
        partitions = range(int(config["EVENT_PARTITIONS"]))
        for name in (*(event_queue(consumer, each) for each in partitions), parked_queue(consumer), *more_queues):
            channel.queue_delete(name)
        connection.close()


def empty_queues(channel: Any, consumer: str, config: dict[str, Any]) -> None:
    for name in declare_consumer(channel, consumer, config):
        channel.queue_purge(name)


# -- what happens to trips -------------------------------------------------------------------------------------------
NEAR, FAR = Point(60.1702, 24.9402), Point(60.1760, 24.9500)


def request(world: World, teller: Teller, **changes: Any) -> str:
    """A rider asks for a trip: `trips` has it, and says so."""
    trip = a_trip(**changes)
    world.trips[trip["id"]] = trip
    teller.tell(an_event("trip_requested", trip["id"], {"trip": trip}))
    return trip["id"]


def answer(world: World, teller: Teller, trip_id: str, type_: str, **more: Any) -> dict[str, Any]:
    """The trip's open offer ends as `type_` says."""
    offer = world.offer_of(trip_id)
    assert offer is not None
    offer["open"] = False
    data = {name: offer[name] for name in ("offer_id", "trip_id", "driver_id")}
    teller.tell(an_event(type_, trip_id, {**data, **more}))
    return offer


def made(world: World, teller: Teller, trip_id: str) -> dict[str, Any]:
    """The trip's offer, once it is made and told."""
    offer = eventually(lambda: world.offer_of(trip_id), why="no offer")
    teller.tell(an_event("offer_made", trip_id, {**offer, "pickup": {}, "dropoff": {}, "fare": {}}))
    return offer
