"""The location service under another name, with real maps and with stand-ins of drivers and trips.

The names and queues differ from the real ones, so that a whole stack may run beside it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import amqp
import orjson
from nameko.testing.services import dummy

from hansom.amqp import Broker, Outgoing
from hansom.consumer import consume, declare_partitions, durable_queue, read_queue
from hansom.contracts import topology
from hansom.contracts.errors import Unavailable
from hansom.events import Event, declare_consumer
from hansom.ids import new_id
from hansom.rpc import ServiceClient, rpc
from hansom.values import Point
from hansom.wire import iso
from services.location.service import TRANSIENT, LocationService
from services.maps.service import MapsService

SERVICE = "location_under_test"


def positions_queue(partition: int) -> str:
    return f"{SERVICE}.positions.{partition}"


declare_positions = partial(declare_partitions, positions_queue)

STAND_IN = "location_"
"""Before the names of the services that stand in for others; no real service hears what they publish."""

CENTRE = Point(60.1699, 24.9384)
FAR = Point(60.1780, 24.9520)


class Maps(MapsService):
    name = "location_maps"


class World:
    """What the stand-ins answer, what they were asked, the positions (driver, seq) that were taken by any replica, and
    the moves that were heard."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.available: dict[str, dict[str, Any]] = {}
        self.riding: dict[str, dict[str, Any]] = {}
        self.down: set[str] = set()
        self.asked: list[tuple[str, list[str]]] = []
        self.moves: list[dict[str, Any]] = []
        self.taken: list[tuple[str, int]] = []

    def answer(self, service: str, driver_ids: list[str]) -> None:
        self.asked.append((service, driver_ids))
        if service in self.down:
            raise Unavailable()


WORLD = World()


class Drivers:
    name = "location_drivers"

    @rpc
    def get_availability(self, payload: dict[str, Any]) -> dict[str, Any]:
        WORLD.answer("drivers", payload["driver_ids"])
        return {"items": {each: WORLD.available[each] for each in payload["driver_ids"] if each in WORLD.available}}


class Trips:
    name = "location_trips"

    @rpc
    def get_active_by_driver(self, payload: dict[str, Any]) -> dict[str, Any]:
        WORLD.answer("trips", payload["driver_ids"])
        return {"items": {each: WORLD.riding[each] for each in payload["driver_ids"] if each in WORLD.riding}}


class LocationUnderTest(LocationService):
    name = SERVICE

    maps = ServiceClient("location_maps")
    drivers = ServiceClient("location_drivers")
    trips = ServiceClient("location_trips")

    @read_queue(declare_positions, shared=True, linger_ms=5, expected_exceptions=TRANSIENT)
    def on_positions(self, messages: list[dict[str, Any]]) -> None:
        WORLD.taken += [(row[0], row[4]) for message in messages for row in message["positions"] if len(row) > 4]
        LocationService.on_positions(self, messages)

    @read_queue(durable_queue(f"{SERVICE}.traces"), linger_ms=5, expected_exceptions=TRANSIENT)
    def on_trace_points(self, messages: list[dict[str, Any]]) -> None:
        LocationService.on_trace_points(self, messages)

    @consume
    def on_events(self, events: list[Event]) -> None:
        renamed = [replace(event, publisher=event.publisher.removeprefix(STAND_IN)) for event in events]
        LocationService.on_events(self, renamed)


def _declare_moves(channel: amqp.Channel, config: dict[str, Any]) -> list[str]:
    channel.exchange_declare(topology.MOVES_EXCHANGE, "fanout", durable=True, auto_delete=False)
    channel.queue_declare("location_ear.moves", durable=False, auto_delete=True)
    channel.queue_bind("location_ear.moves", topology.MOVES_EXCHANGE)
    return ["location_ear.moves"]


class Ear:
    """Hears the moves, and calls the service for a test."""

    name = "location_ear"
    location = ServiceClient(SERVICE)

    @read_queue(partial(_declare_moves), linger_ms=0, parks=False)
    def on_moves(self, messages: list[dict[str, Any]]) -> None:
        WORLD.moves += [move for message in messages for move in message.get("moves", ())]

    @dummy
    def call(self, method: str, payload: dict[str, Any]) -> dict[str, Any]:
        return self.location.call(method, payload)


SERVICES = (Maps, Drivers, Trips, Ear, LocationUnderTest)


def now_ms() -> int:
    return int(time.time() * 1000)


def a_row(driver_id: str, point: Point = CENTRE, *, at_ms: int | None = None, seq: int = 0, **more: Any) -> list[Any]:
    """A position as a gateway puts it into the queue."""
    at_ms = now_ms() if at_ms is None else at_ms
    known = {"bearing_deg": 90.0, "speed_mps": 8.0, "accuracy_m": 5.0, **more}
    return [driver_id, point.lat, point.lng, at_ms, seq, known["bearing_deg"], known["speed_mps"], known["accuracy_m"]]


def a_trip(driver_id: str, state: str = "assigned", **changes: Any) -> dict[str, Any]:
    """A trip as trips' events carry it."""
    version = {"assigned": 2, "arrived": 3, "in_progress": 4}.get(state, 5)
    return {
        "id": new_id(),
        "state": state,
        "driver_id": driver_id,
        "rider_id": new_id(),
        "category": "standard",
        "pickup": CENTRE.as_dict(),
        "dropoff": FAR.as_dict(),
        "assigned_at": at(now_ms()),
        "version": version,
        **changes,
    }


def at(ms: int) -> str:
    return iso(datetime.fromtimestamp(ms / 1000, UTC)) or ""


class Speaker:
    """Publishes what gateways, drivers and trips would."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config
        self._broker = Broker()
        self._broker.declare(lambda channel: declare_positions(channel, config))
        self._broker.declare(lambda channel: declare_consumer(channel, SERVICE, config))
        self._broker.open(config["AMQP_URI"], "location_speaker")

    def close(self) -> None:
        self._broker.stop()

    def report(self, *rows: list[Any]) -> None:
        """Positions, as a gateway sends them."""
        partitions = int(self._config["LOCATION_PARTITIONS"])
        by_queue: dict[str, list[list[Any]]] = {}
        for row in rows:
            queue = positions_queue(topology.position_partition(row[0], partitions))
            by_queue.setdefault(queue, []).append(row)
        self._broker.publish_many(
            Outgoing("", queue, orjson.dumps({"positions": part})) for queue, part in by_queue.items()
        )

    def report_raw(self, body: bytes) -> None:
        self._broker.publish_many([Outgoing("", positions_queue(0), body)])

    def tell(self, *told: tuple[str, str, str, dict[str, Any]]) -> None:
        """Events as (publisher, type, key, data)."""
        events = [
            Event(new_id(), type_, 1, datetime.now(UTC), f"{STAND_IN}{publisher}", key, data)
            for publisher, type_, key, data in told
        ]
        self._publish(events)

    def _publish(self, events: Iterable[Event]) -> None:
        partitions = int(self._config["EVENT_PARTITIONS"])
        self._broker.publish_many([event.to_message(partitions) for event in events])

    def go_online(self, *driver_ids: str, categories: tuple[str, ...] = ("standard",)) -> None:
        for driver_id in driver_ids:
            WORLD.available[driver_id] = {"online": True, "categories": list(categories)}
            data = {"driver_id": driver_id, **WORLD.available[driver_id]}
            self.tell(("drivers", "driver_availability_changed", driver_id, data))

    def go_offline(self, driver_id: str) -> None:
        WORLD.available[driver_id] = {"online": False, "categories": ["standard"]}
        data = {"driver_id": driver_id, **WORLD.available[driver_id]}
        self.tell(("drivers", "driver_availability_changed", driver_id, data))

    def trip(self, type_: str, trip: dict[str, Any], **more: Any) -> None:
        self.tell(("trips", type_, trip["id"], {"trip": trip, **more}))


def listen() -> None:
    """Let the service under test hear what location hears."""
    heard = topology.SUBSCRIPTIONS["location"]
    topology.SUBSCRIPTIONS[SERVICE] = {f"{STAND_IN}{publisher}": types for publisher, types in heard.items()}
