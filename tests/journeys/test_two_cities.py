"""A second city is added to a running Hansom, is served in its own money beside the first, and goes again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hansom.settings import REPOSITORY
from hansom.stack.cities import served
from hansom.stack.testing import RunningStack
from tests.support.towns import STEP_DEG, write_town

SOUTH, WEST = 47.366, 8.53
"""In Zurich."""

HELSINKI = {"lat": 60.1700, "lng": 24.9420}


def crossing(row: int, column: int) -> dict[str, float]:
    return {"lat": round(SOUTH + row * STEP_DEG, 6), "lng": round(WEST + column * STEP_DEG * 1.5, 6)}


def hansom(stack: RunningStack, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line of this stack; road servers that the test's own environment names are not the user's."""
    environment = {**os.environ, "HANSOM_HOME": str(stack.home.root), "OSRM_URLS": "", "COLUMNS": "200"}
    command = [sys.executable, "-W", "ignore", "-m", "hansom.cli.main", *arguments]
    return subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=180, check=False
    )


def listed(stack: RunningStack) -> dict[str, dict[str, Any]]:
    return {row["city"]: row for row in json.loads(hansom(stack, "city", "list", "--json").stdout)}


@pytest.fixture
def gridtown(running_stack: RunningStack, tmp_path: Path) -> Any:
    extract = write_town(tmp_path / "gridtown.osm.pbf", SOUTH, WEST)
    done = hansom(running_stack, "city", "add", "gridtown", str(extract))
    assert done.returncode == 0, done.stderr
    yield listed(running_stack)["gridtown"]
    if "gridtown" in served(running_stack.home):
        hansom(running_stack, "city", "remove", "gridtown", "--force")


@pytest.mark.timeout(300)
def test_a_city_is_added_served_and_removed_while_hansom_runs(
    running_stack: RunningStack, gridtown: dict[str, Any], people: Any, refused: Any
) -> None:
    assert (gridtown["currency"], gridtown["time_zone"]) == ("CHF", "Europe/Zurich")
    assert gridtown["osrm"] == "answers"
    assert running_stack.pid("osrm-gridtown")

    rider, driver = people.rider(), people.driver(point=crossing(3, 3))
    _both_are_served(rider, refused)
    trip = rider.ask(pickup=crossing(3, 3), dropoff=crossing(9, 8))
    assert trip["fare"]["currency"] == "CHF"
    driver.take(trip)

    kept = hansom(running_stack, "city", "remove", "gridtown")
    assert kept.returncode == 1
    assert "1 rides are asked for or under way in gridtown" in kept.stderr
    driver.drive(trip)
    rider.event("payment_captured", trip_id=trip["id"])

    gone = hansom(running_stack, "city", "remove", "gridtown")
    assert gone.returncode == 0, gone.stderr
    assert "gridtown" not in served(running_stack.home)
    assert "osrm-gridtown" not in {process["name"] for process in running_stack.supervisor.processes()}
    outside = refused(rider, "POST", "/v1/quotes", {"pickup": crossing(3, 3), "dropoff": crossing(9, 8)})
    assert (outside.status, set(outside.error["details"])) == (422, {"pickup", "dropoff"})
    receipt = rider.call("GET", f"/v1/trips/{trip['id']}/receipt")
    assert receipt["total"]["currency"] == "CHF", "what was ridden there is still shown"


def _both_are_served(rider: Any, refused: Any) -> None:
    assert {option["fare"]["currency"] for option in rider.quote()["options"]} == {"EUR"}
    across = refused(rider, "POST", "/v1/quotes", {"pickup": HELSINKI, "dropoff": crossing(3, 3)})
    assert (across.status, across.error["details"]) == (
        422,
        {"dropoff": ["This place is in another city than the first."]},
    )
    for typed, at in (("grid cent", crossing(3, 3)), ("mannerh", HELSINKI)):
        found = rider.call("GET", f"/v1/places?q={typed}&lat={at['lat']}&lng={at['lng']}")["items"]
        assert found and found[0]["name"].lower().startswith(typed)
