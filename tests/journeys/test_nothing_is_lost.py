"""Each process is killed and each server is stopped in the middle of rides: every ride finishes, the books agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import eventlet
import pytest

from hansom.audit import SLACK, run_audit
from hansom.redis import live_redis
from hansom.stack.testing import RunningStack
from tests.support.apps import DROPOFF, PICKUP, DriverApp, Refused, RiderApp, new_driver, new_rider
from tests.support.waiting import eventually

PAIRS = 3
OUTAGE_S = 2.0
"""For so long a server is away: its clients lose their connections and fail to come back a few times."""

SERVICES = ["gateway", "people", "roads", "rides", "dispatch", "money", "signals"]
SERVERS = ["rabbitmq", "redis", "postgres", "mongo", "osrm-helsinki"]
AUDITED = {"rides.one_charge_of_the_final_fare", "rides.events_in_order", "rides.every_step_told_once"}
IN_ORDER = ["trip_requested", "trip_assigned", "driver_arrived", "trip_started", "trip_completed"]

Known = set[tuple[str, str]]
People = tuple[list[RiderApp], list[DriverApp]]

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def people(running_stack: RunningStack) -> Iterator[tuple[list[RiderApp], list[DriverApp]]]:
    riders = [new_rider(running_stack.url) for _ in range(PAIRS)]
    drivers = [new_driver(running_stack.url, {"lat": 60.17 + n / 2000, "lng": 24.942}) for n in range(PAIRS + 1)]
    yield riders, drivers
    for app in (*riders, *drivers):
        app.close()


class Round:
    """Rides of all riders at once, with a blow in the middle of each phase."""

    def __init__(self, riders: list[RiderApp], drivers: list[DriverApp]) -> None:
        self.riders, self.drivers = riders, drivers
        self.pins: dict[str, str] = {}
        self.finished: dict[str, str] = {}
        self.under_way: set[str] = set()

    def run(self, blow: Callable[[], None]) -> None:
        """Start every ride, strike in the middle of them, and wait for all to finish."""
        drivers = [eventlet.spawn(self._drive, driver) for driver in self.drivers]
        riders = [eventlet.spawn(self._ride, rider, n * 1.0) for n, rider in enumerate(self.riders)]
        try:
            eventually(self._is_in_the_middle, within_s=60)
            blow()
            for rider in riders:
                rider.wait()
        finally:
            for app in (*drivers, *riders):
                app.kill()

    def _is_in_the_middle(self) -> bool:
        """A ride is under way, and another was asked for that is not finished."""
        unfinished = set(self.pins) - set(self.finished.values())
        return bool(self.under_way) and len(unfinished) >= 2

    def _ride(self, rider: RiderApp, after_s: float) -> None:
        eventlet.sleep(after_s)
        trip = rider.ask(pickup=PICKUP, dropoff=DROPOFF)
        self.pins[trip["id"]] = trip["pin"]
        rider.event("trip_completed", trip_id=trip["id"])
        rider.event("payment_captured", trip_id=trip["id"])
        self.finished[rider.id] = trip["id"]

    def _drive(self, driver: DriverApp) -> None:
        for event in driver.events_to_come():
            if event["event"] == "offer_made" and event["trip_id"] in self.pins:
                self._take(driver, event)

    def _take(self, driver: DriverApp, offer: dict[str, Any]) -> None:
        try:
            driver.call("POST", f"/v1/offers/{offer['offer_id']}/accept")
        except Refused as refused:
            assert refused.code == "offer_gone", refused
            return
        self.under_way.add(offer["trip_id"])
        for verb, body in (("arrive", None), ("start", {"pin": self.pins[offer["trip_id"]]}), ("complete", None)):
            eventlet.sleep(0.8)
            driver.do(offer["trip_id"], verb, body)
        self.under_way.discard(offer["trip_id"])


def breaches(config: dict[str, Any]) -> Known:
    """What the audit finds in all that is in the stores, however young."""
    checks = run_audit(config, datetime.now(UTC) + SLACK)
    return {(check.name, breach) for check in checks for breach in check.breaches}


@pytest.fixture(scope="module")
def known(config: dict[str, Any], running_stack: RunningStack) -> Known:
    """What tests of single services, which send events of no ride, left in the stores before."""
    return breaches(config)


def check(
    config: dict[str, Any], known: Known, round_: Round, riders: list[RiderApp], drivers: list[DriverApp]
) -> None:
    """Both sides were told the same, once and in order, and the audit finds nothing."""
    assert len(round_.finished) == len(riders)
    for rider in riders:
        trip_id = round_.finished[rider.id]
        trip = rider.trip(trip_id)
        assert trip["state"] == "completed"
        told = [event["event"] for event in rider.events if rider.is_about(event, trip_id)]
        assert [name for name in told if name in IN_ORDER] == [name for name in IN_ORDER if name in told]
        assert told.count("trip_completed") == told.count("payment_captured") == 1
        receipt = rider.call("GET", f"/v1/trips/{trip_id}/receipt")
        assert receipt["total"] == trip["fare"]
    for app in (*riders, *drivers):
        assert app.gaps == [], f"the stream of a {app.role} has gaps"
    assert breaches(config) - known == set()
    checked = {check.name: check.checked for check in run_audit(config, datetime.now(UTC) + SLACK)}
    assert all(checked[name] for name in AUDITED)


@pytest.mark.parametrize("process", SERVICES)
def test_a_process_killed_in_the_middle_of_rides_loses_nothing(
    running_stack: RunningStack, config: dict[str, Any], known: Known, people: People, process: str
) -> None:
    round_ = Round(*people)

    def blow() -> None:
        killed = running_stack.kill(process)
        running_stack.wait_restarted(process, killed)

    round_.run(blow)
    check(config, known, round_, *people)


@pytest.mark.parametrize("server", SERVERS)
def test_a_server_stopped_and_started_in_the_middle_of_rides_loses_nothing(
    running_stack: RunningStack, config: dict[str, Any], known: Known, people: People, server: str
) -> None:
    round_ = Round(*people)

    def blow() -> None:
        if server == "redis":
            live_redis(config).flushall()
        running_stack.stop(server)
        eventlet.sleep(OUTAGE_S)
        running_stack.start(server)

    round_.run(blow)
    check(config, known, round_, *people)
