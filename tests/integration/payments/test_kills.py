"""The service is killed (-9), its database and its broker are restarted, in the middle of charging."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from eventlet import tpool
from nameko.containers import ServiceContainer
from nameko.testing.services import entrypoint_hook
from sqlalchemy.exc import OperationalError

from hansom.contracts.errors import Unavailable
from hansom.settings import REPOSITORY
from hansom.stack.home import Home
from hansom.stack.testing import RunningStack
from tests.support.money import MoneyDesk, a_settled_trip
from tests.support.payments_world import Ear, Trips, forget_messages, listen
from tests.support.waiting import eventually

PROCESS = "tests.support.payments_process:PaymentsUnderTest"


class Service:
    """The service in a process of its own."""

    def __init__(self, settings: Path) -> None:
        nameko = str(Path(sys.executable).parent / "nameko")
        self._command = [sys.executable, "-W", "ignore", nameko, "run", "--config", str(settings), PROCESS]
        self._environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command, cwd=REPOSITORY, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)


@pytest.fixture
def service(money: MoneyDesk, trips: ServiceContainer, tmp_path: Path) -> Iterator[Service]:
    """Charging in small batches, so that there is a middle to be hit in."""
    settings = tmp_path / "config.yaml"
    settings.write_text(yaml.safe_dump({**money.config, "EVENT_BATCH_SIZE": 5}))
    running = Service(settings)
    yield running
    running.kill()


@pytest.fixture
def trips(money_settings: dict[str, Any]) -> Iterator[ServiceContainer]:
    listen()
    forget_messages(money_settings)
    containers = [ServiceContainer(cls, money_settings) for cls in (Ear, Trips)]
    for container in containers:
        container.start()
    Ear.heard.clear()
    yield containers[-1]
    for container in containers:
        container.stop()


def charge_all(trips: ServiceContainer, money: MoneyDesk, disturb: Callable[[int], None]) -> None:
    """Tell of 120 trips, each twice, disturbing now and then; every one is charged once and told of in the end."""
    settled = [a_settled_trip(500 + n, rider_id=f"rider-{n}", driver_id=f"driver-{n % 9}") for n in range(120)]
    for number, start in enumerate(range(0, 120, 20)):
        _tell(trips, settled[start : start + 20])
        eventually(lambda start=start: _answered(money) > start, within_s=40)  # it is at it
        disturb(number)
    eventually(lambda: _answered(money) == 120, within_s=60)
    eventually(lambda: len({event.key for event in Ear.heard}) == 120, within_s=20)
    assert len({event.event_id for event in Ear.heard}) == 120
    assert money.one("SELECT count(*) FROM simulated_provider.charges") == 120
    assert money.breaches() == {}


def _tell(trips: ServiceContainer, settled: list[dict[str, Any]]) -> None:
    """Each twice; and again when the broker took not all of them, as trips' relay would."""

    def told() -> bool:
        try:
            with entrypoint_hook(trips, "settle") as settle:
                settle(settled, 2)
        except Unavailable:
            return False
        return True

    eventually(told, within_s=60)


def _answered(money: MoneyDesk) -> int:
    """How many charges have their answer; -1 while this test's own connection finds Postgres away."""
    try:
        return int(money.one("SELECT count(*) FROM charges WHERE state <> 'pending'"))
    except OperationalError:
        return -1


def test_a_service_killed_again_and_again_charges_each_trip_once(
    service: Service, trips: ServiceContainer, money: MoneyDesk
) -> None:
    def kill(number: int) -> None:
        if number % 2 == 0:
            service.kill()
            service.start()

    charge_all(trips, money, kill)


@pytest.mark.parametrize("server", ["postgres", "rabbitmq"])
def test_a_server_that_goes_and_comes_back_costs_no_charge(
    service: Service, trips: ServiceContainer, money: MoneyDesk, servers: Home, server: str
) -> None:
    def restart(number: int) -> None:
        if number == 1:
            tpool.execute(RunningStack(servers, "").restart, server)

    charge_all(trips, money, restart)
