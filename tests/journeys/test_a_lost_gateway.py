"""Two gateways share one port; each dies once in the middle of a ride, and the phones go on with the other."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from hansom.settings import REPOSITORY
from hansom.stack.ports import choose_ports
from hansom.stack.testing import RunningStack
from tests.support.waiting import eventually

Process = subprocess.Popen[bytes]


class Pair:
    """Two gateways behind one address."""

    def __init__(self, port: int, log: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._log = log
        self._environment = {**os.environ, "PORT": str(port), "WEB_REUSE_PORT": "true"}
        self._processes: list[Process] = []

    def start_one(self) -> Process:
        command = ["nameko", "run", "--config", "config.yaml", "services.gateway.service:GatewayService"]
        with open(self._log, "a", encoding="utf-8") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *command], cwd=REPOSITORY, env=self._environment, stdout=log, stderr=log
            )
        self._processes.append(process)
        return process

    def lose(self, process: Process) -> None:
        process.kill()
        process.wait()

    def listen(self) -> bool:
        """Whether each that was not lost takes connections."""
        alive = [psutil.Process(process.pid) for process in self._processes if process.poll() is None]
        return all(any(each.status == psutil.CONN_LISTEN for each in one.net_connections("tcp")) for one in alive)

    def end(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()


@pytest.fixture
def gateways(running_stack: RunningStack) -> Iterator[Pair]:
    port = choose_ports(running_stack.home, ["gateway-pair"])["gateway-pair"]
    pair = Pair(port, running_stack.home.log / "gateway-pair.log")
    yield pair
    pair.end()


def test_a_ride_outlives_each_of_two_gateways(gateways: Pair, people: Any) -> None:
    first, second = gateways.start_one(), gateways.start_one()
    eventually(gateways.listen, within_s=30)
    people.url = gateways.url
    rider, driver = people.rider(), people.driver(category="comfort")

    trip = rider.ask(category="comfort")
    offer = driver.event("offer_made", trip_id=trip["id"])
    gateways.lose(first)
    driver.call("POST", f"/v1/offers/{offer['offer_id']}/accept")
    rider.event("trip_assigned", trip_id=trip["id"])
    driver.do(trip["id"], "arrive")

    gateways.start_one()
    eventually(gateways.listen, within_s=30)
    gateways.lose(second)
    driver.do(trip["id"], "start", {"pin": trip["pin"]})
    rider.event("trip_started", trip_id=trip["id"])
    moves = len(rider.moves)
    rider.wait(lambda: len(rider.moves) > moves, "the car to move on the map of the other gateway")
    driver.do(trip["id"], "complete")

    rider.event("payment_captured", trip_id=trip["id"])
    driver.event("trip_completed", trip_id=trip["id"])
    assert (rider.gaps, driver.gaps) == ([], [])
