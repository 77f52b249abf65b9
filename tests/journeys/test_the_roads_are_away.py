"""The road server hangs: prices go on as estimates that say so, places are found, and it all comes back by itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from random import Random

import pytest

from hansom.stack.testing import RunningStack
from tests.support.apps import RiderApp, new_rider
from tests.support.waiting import eventually

SOUTH, WEST, NORTH, EAST = 60.1650, 24.9365, 60.1785, 24.9525


@pytest.fixture
def rider(running_stack: RunningStack) -> Iterator[RiderApp]:
    app = new_rider(running_stack.url)
    yield app
    app.close()


@pytest.fixture
def hanging_roads(running_stack: RunningStack, rider: RiderApp) -> Iterator[None]:
    pid = running_stack.pid("osrm-helsinki")
    os.kill(pid, signal.SIGSTOP)
    yield
    os.kill(pid, signal.SIGCONT)
    draw = Random(2)
    eventually(lambda: "estimated" not in rider.quote(*(somewhere(draw) for _ in range(2))), within_s=20)


def somewhere(draw: Random) -> dict[str, float]:
    return {"lat": round(draw.uniform(SOUTH, NORTH), 5), "lng": round(draw.uniform(WEST, EAST), 5)}


@pytest.mark.usefixtures("hanging_roads")
def test_a_rider_gets_a_price_and_finds_places_while_the_road_server_hangs(rider: RiderApp) -> None:
    draw = Random(1)
    for _ in range(5):
        quote = rider.quote(somewhere(draw), somewhere(draw))
        assert quote["estimated"] is True
        assert quote["distance_m"] > 0
        assert all(option["fare"]["amount_minor"] > 0 for option in quote["options"])
    found = rider.call("GET", "/v1/places?q=manerheim&lat=60.17&lng=24.94")["items"]
    assert found[0]["name"].startswith("Mannerheim")
    trip = rider.call("POST", "/v1/trips", {"quote_id": quote["id"], "category": "standard"})
    assert trip["fare"] == next(o["fare"] for o in quote["options"] if o["category"] == "standard")
    rider.call("POST", f"/v1/trips/{trip['id']}/cancel", {})
