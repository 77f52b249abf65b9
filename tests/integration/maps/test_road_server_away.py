"""The road server stops, hangs and dies, and comes back: answers go on, and say when they are guesses."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import eventlet
import pytest
import urllib3

from hansom.cities.files import read_measures
from hansom.contracts.maps import RoadsUnavailable
from hansom.stack import wheels
from hansom.stack.ports import free_port
from hansom.values import Point
from services.maps import usecases
from services.maps.storage.atlas import Atlas
from tests.integration.maps.conftest import NOW, drive
from tests.support.waiting import eventually

PICKUP, DROPOFF = Point(60.1660, 24.9370), Point(60.1770, 24.9520)
A, B, C = (60.1690, 24.9402), (60.1750, 24.9495), (60.1675, 24.9450)


class RoadServer:
    """An OSRM of the test's own, on the city's roads."""

    def __init__(self, folder: Path) -> None:
        self._roads = folder / "roads.osrm"
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        command = [str(wheels.osrm_binary("osrm-routed")), "--algorithm", "mld", "--ip", "127.0.0.1"]
        command += ["--port", str(self._port), "--threads", "2", "--verbosity", "ERROR", str(self._roads)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(self._answers, within_s=20)

    def _answers(self) -> bool:
        try:
            return bool(urllib3.request("GET", f"{self.url}/nearest/v1/driving/0,0", timeout=1.0, retries=False).data)
        except urllib3.exceptions.HTTPError:
            return False

    def send(self, number: signal.Signals) -> None:
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def server(config: dict[str, Any]) -> Iterator[RoadServer]:
    started = RoadServer(Path(config["CITY_DATA"]) / "helsinki")
    try:
        started.start()
        yield started
    finally:
        started.kill()


@pytest.fixture
def atlas(config: dict[str, Any], server: RoadServer) -> Iterator[Atlas]:
    opened = Atlas({**config, "OSRM_URL": server.url, "OSRM_TIMEOUT_S": 0.4})
    yield opened
    opened.close()


def estimated(atlas: Atlas) -> bool:
    return usecases.road_table(atlas, [C], [A, B], NOW).estimated


def is_back(atlas: Atlas) -> bool:
    return not usecases.find_route(atlas, DROPOFF, PICKUP, {}, NOW).estimated


def test_a_server_that_hangs_costs_one_time_out_and_is_back_by_itself(atlas: Atlas, server: RoadServer) -> None:
    known = usecases.road_table(atlas, [A], [B], NOW)
    server.send(signal.SIGSTOP)
    assert usecases.road_table(atlas, [A], [B], NOW) == known
    asked = [eventlet.spawn(estimated, atlas) for _ in range(30)]
    assert all(each.wait() for each in asked)
    began = time.monotonic()
    for _ in range(50):
        assert estimated(atlas)
        assert usecases.find_route(atlas, PICKUP, DROPOFF, {}, NOW).estimated
        assert usecases.find_etas(atlas, [(B, A), (A, C)], "trip", NOW)[1]
    # each of the 150 waiting for itself would take 60 seconds
    assert time.monotonic() - began < 20
    with pytest.raises(RoadsUnavailable):
        usecases.match_trace(atlas, drive((PICKUP, DROPOFF)))
    server.send(signal.SIGCONT)
    eventually(lambda: is_back(atlas) and not estimated(atlas), within_s=10)


def test_a_server_that_died_is_asked_again_once_it_is_there(atlas: Atlas, server: RoadServer) -> None:
    usecases.road_table(atlas, [A], [B], NOW)
    server.kill()
    assert estimated(atlas)
    assert not usecases.road_table(atlas, [A], [B], NOW).estimated
    assert usecases.find_etas(atlas, [(A, B)], "pickup", NOW)[1] is False
    server.start()
    eventually(lambda: is_back(atlas) and not estimated(atlas), within_s=10)


def test_a_route_driven_before_is_better_than_a_straight_line(atlas: Atlas, server: RoadServer) -> None:
    found = usecases.find_route(atlas, PICKUP, DROPOFF, {}, NOW)
    server.kill()
    again = usecases.find_route(atlas, PICKUP, DROPOFF, {}, NOW)
    assert again == found
    unknown = usecases.find_route(atlas, DROPOFF, PICKUP, {}, NOW)
    assert unknown.estimated and len(unknown.line) == 2


def test_guesses_rest_on_what_was_measured_of_the_city(config: dict[str, Any], atlas: Atlas) -> None:
    measured = read_measures(Path(config["CITY_DATA"]) / "helsinki")
    rates = atlas.rates(atlas.cities["helsinki"])
    assert (rates.detour, rates.speed_mps) == (measured.detour, measured.speed_mps)
