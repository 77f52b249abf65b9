"""Audits are run when asked and each night, with what trips and pricing know, one at a time, and kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from nameko.containers import ServiceContainer
from nameko.testing.services import entrypoint_hook
from sqlalchemy import text

from hansom.contracts.payments import AuditRunning
from hansom.rpc import ServiceClient, rpc
from services.payments.storage.audits import lock_audit
from tests.support.money import MoneyDesk, a_ride, calling
from tests.support.payments_world import Caller, PaymentsUnderTest, forget_messages, listen

KNOWN = "payments_audit_known"
ENDED = "2026-03-02T12:00:00.000Z"


class Known:
    """Stands for trips and pricing: what they say of trips and of promo codes."""

    name = KNOWN
    trips: ClassVar[list[dict[str, Any]]] = []
    uses: ClassVar[list[dict[str, Any]]] = []

    @rpc
    def list_money(self, payload: dict[str, Any]) -> dict[str, Any]:
        later = sorted((trip for trip in self.trips if trip["trip_id"] > payload["after"]), key=lambda t: t["trip_id"])
        return {"items": later[: payload["limit"]]}

    @rpc
    def list_promo_uses(self, payload: dict[str, Any]) -> dict[str, Any]:
        return {"items": self.uses, "next_cursor": None}

    @rpc
    def audit(self, payload: dict[str, Any]) -> dict[str, Any]:
        return {"checks": [{"name": "of itself", "checked": 2, "breaches": []}]}


class Audited(PaymentsUnderTest):
    """The service, with somebody to ask."""

    trips = ServiceClient(KNOWN)
    pricing = ServiceClient(KNOWN)


@pytest.fixture(scope="module")
def containers(money_settings: dict[str, Any]) -> Iterator[dict[str, ServiceContainer]]:
    listen()
    forget_messages(money_settings)
    config = {**money_settings, "PAYOUT_INTERVAL_S": 3600}
    started = {cls.__name__: ServiceContainer(cls, config) for cls in (Known, Audited, Caller)}
    for container in started.values():
        container.start()
    yield started
    for container in started.values():
        container.stop()


@pytest.fixture
def world(containers: dict[str, ServiceContainer], money: MoneyDesk) -> dict[str, ServiceContainer]:
    """Two rides that were charged, one of them with a discount, which trips and pricing know just so."""
    money.charge(a_ride(1000, trip_id="plain"), a_ride(900, trip_id="promo", discount_minor=200, promo_code="HI"))
    discount = {"amount_minor": 200, "currency": "EUR"}
    Known.trips[:] = [known("plain", 1000), {**known("promo", 900), "discount": discount, "promo_code": "HI"}]
    use = {"trip_id": "promo", "code": "HI", "rider_id": "rider-1", "discount": discount}
    Known.uses[:] = [{**use, "state": "used", "resolved_at": ENDED}]
    return containers


def known(trip_id: str, fare_minor: int) -> dict[str, Any]:
    """A trip as trips tells the audit of it."""
    return {
        "trip_id": trip_id,
        "rider_id": "rider-1",
        "driver_id": "driver-1",
        "fare": {"amount_minor": fare_minor, "currency": "EUR"},
        "discount": {"amount_minor": 0, "currency": "EUR"},
        "promo_code": None,
        "settled_at": ENDED,
        "cancelled_at": None,
        "fee": None,
    }


def call(world: dict[str, ServiceContainer], method: str, **payload: Any) -> dict[str, Any]:
    return calling(world["Caller"], "payments")(method, payload)


def test_an_audit_asks_everybody_and_is_kept(world: dict[str, ServiceContainer]) -> None:
    audit = call(world, "run_audit")
    assert (audit["broken"], audit["cause"]) == (0, "asked")
    assert {check["service"] for check in audit["checks"]} == {"payments", "trips", "pricing"}
    checked = {check["name"]: check["checked"] for check in audit["checks"]}
    assert checked["every settled trip has one charge of its fare and discount"] == 2
    assert checked["every discount is a promo code used, and every such code one"] == 1
    assert call(world, "list_audits", limit=1)["items"] == [audit]
    shown = call(world, "count_money")["audit"]
    assert shown == {name: value for name, value in audit.items() if name != "checks"}


def test_what_trips_and_charges_do_not_both_say_is_found_and_the_list_has_the_newest_first(
    world: dict[str, ServiceContainer],
) -> None:
    clean = call(world, "run_audit")
    Known.trips[:] = [known("plain", 1000), known("uncharged", 500)]
    broken = call(world, "run_audit")
    lines = [line for check in broken["checks"] for line in check["breaches"]]
    assert broken["broken"] == len(lines) == 3
    assert any("uncharged: 0 charges" in line for line in lines)
    assert sum("promo: " in line for line in lines) == 2
    first = call(world, "list_audits", limit=1)
    second = call(world, "list_audits", limit=1, cursor=first["next_cursor"])
    assert [first["items"][0]["audit_id"], second["items"][0]["audit_id"]] == [broken["audit_id"], clean["audit_id"]]


def test_one_audit_at_a_time(world: dict[str, ServiceContainer], money: MoneyDesk) -> None:
    with money.store.begin() as session:
        lock_audit(session)
        with pytest.raises(AuditRunning):
            call(world, "run_audit")
    assert call(world, "run_audit")["broken"] == 0


def test_an_audit_is_run_once_a_night_and_a_missed_night_is_made_up_for(
    world: dict[str, ServiceContainer], money: MoneyDesk
) -> None:
    def nights() -> int:
        return int(money.one("SELECT count(*) FROM audits WHERE cause = 'nightly'"))

    for expected in (1, 1):
        with entrypoint_hook(world["Audited"], "audit_nightly") as tick:
            tick()
        assert nights() == expected
    with money.engine.begin() as connection:
        connection.execute(text("UPDATE audits SET started_at = started_at - interval '25 hours'"))
    with entrypoint_hook(world["Audited"], "audit_nightly") as tick:
        tick()
    assert nights() == 2
