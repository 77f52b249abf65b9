"""What others read of trips over the broker: who is in one, counts, pages."""

from __future__ import annotations

from typing import Any

import pytest

from hansom.contracts.errors import Invalid
from hansom.contracts.trips import UnknownTrip
from tests.support.trips_calls import OPS, Call, assigned, in_progress, request
from tests.support.trips_world import World
from tests.support.waiting import eventually


def test_others_learn_who_is_in_a_trip_live_and_archived(call: Call, world: World) -> None:
    trip = in_progress(call, world)
    active = call("get_active_by_driver", driver_ids=[trip["driver_id"], "driver-x"])["items"]
    assert active == {
        trip["driver_id"]: {
            "trip_id": trip["id"],
            "rider_id": trip["rider_id"],
            "state": "in_progress",
            "target": trip["dropoff"],
            "started_at": trip["started_at"],
        }
    }
    done = call("complete", trip_id=trip["id"], driver_id=trip["driver_id"])
    eventually(lambda: call("get_trip", trip_id=trip["id"], actor=OPS)["fare_final"], within_s=10)
    parties = call("get_parties", trip_id=trip["id"])
    expected = {name: done[name] for name in ("rider_id", "driver_id", "state", "completed_at", "ended_early")}
    assert parties == {"trip_id": trip["id"], **expected, "settled_at": parties["settled_at"]}
    assert parties["settled_at"] is not None
    assert call("archive_now", older_than_s=0)["archived"] == 1
    assert call("get_parties", trip_id=trip["id"]) == parties
    (listed,) = call("list_trips", user_id=trip["rider_id"], role="rider")["items"]
    assert (listed["id"], listed["fare"]["amount_minor"]) == (trip["id"], 1010)
    with pytest.raises(UnknownTrip):
        call("get_parties", trip_id="no-such-trip")


def test_counts_say_what_is_going_on(call: Call, world: World) -> None:
    request(call, world)
    assigned(call, world)
    trip = in_progress(call, world)
    call("complete", trip_id=trip["id"], driver_id=trip["driver_id"])
    counts = call("count_trips")
    assert (counts["by_state"]["requested"], counts["by_state"]["assigned"], counts["by_state"]["completed"]) == (
        1,
        1,
        1,
    )
    assert (counts["completed_today"], counts["requested_last_hour"], counts["open_offers"]) == (1, 3, 0)


@pytest.mark.parametrize("page", [{"limit": 0}, {"limit": 101}, {"limit": "5"}, {"cursor": "nonsense"}])
def test_a_page_that_makes_no_sense_names_the_field(call: Call, page: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        call("list_trips", user_id="rider-1", role="rider", **page)
    assert list(refused.value.details) == list(page)
