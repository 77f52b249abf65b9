"""location understands the events that drivers and trips publish, by their examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from hansom.contracts.topology import SUBSCRIPTIONS
from hansom.events import Event
from services.location.domain.rides import Ride
from services.location.usecases.hearing import HANDLERS

EXAMPLES = Path(__file__).parent / "examples"
HEARD = [f"{publisher}.{type_}" for publisher, types in SUBSCRIPTIONS["location"].items() for type_ in types]


class Notes:
    """Notes the changes that an event asks for."""

    def __init__(self) -> None:
        self.made: list[tuple[Any, ...]] = []

    def availability(self, driver_id: str, online: bool, categories: Any, at_ms: int) -> None:
        self.made.append(("availability", driver_id, online, tuple(categories)))

    def occupy(self, ride: Ride, at_ms: int) -> None:
        self.made.append(("occupy", ride.driver_id, ride.trip_id, ride.state))

    def release(self, driver_id: str, trip_id: str, ended_ms: int) -> None:
        self.made.append(("release", driver_id, trip_id))


def _heard(name: str) -> tuple[list[tuple[Any, ...]], dict[str, Any]]:
    publisher, _ = name.split(".")
    body = (EXAMPLES / f"{name}.json").read_bytes()
    event = Event.from_message(body, {"publisher": publisher, "key": "key"})
    notes = Notes()
    HANDLERS[event.name](event, notes)  # type: ignore[arg-type]
    return notes.made, orjson.loads(body)["data"]


def test_all_that_is_subscribed_is_handled_and_nothing_else() -> None:
    assert set(HANDLERS) == set(HEARD)


@pytest.mark.parametrize("name", ["trips.trip_assigned", "trips.driver_arrived", "trips.trip_started"])
def test_a_driver_is_busy_while_he_has_a_trip(name: str) -> None:
    made, data = _heard(name)
    trip = data["trip"]
    assert made == [("occupy", trip["driver_id"], trip["id"], trip["state"])]
    assert trip["state"] in ("assigned", "arrived", "in_progress")


@pytest.mark.parametrize("name", ["trips.trip_completed", "trips.trip_cancelled", "trips.trip_returned"])
def test_a_driver_is_free_when_his_trip_is_over(name: str) -> None:
    made, data = _heard(name)
    driver_id = data.get("former_driver_id") or data["trip"]["driver_id"]
    assert driver_id
    assert made == [("release", driver_id, data["trip"]["id"])]


def test_availability_says_who_is_online_and_what_he_may_carry() -> None:
    made, data = _heard("drivers.driver_availability_changed")
    assert made == [("availability", data["driver_id"], data["online"], tuple(data["categories"]))]
