"""Who may work, and who does."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest

from hansom.contracts.drivers import Approval, DriverNotApproved, VehicleDetails
from services.drivers.domain.drivers import DECISIONS, Decision, Driver, carries, decide, newcomer, set_availability

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CAR = VehicleDetails("Toyota", "Corolla", "silver", "ABC-123", "comfort")


def a_driver(**changes: object) -> Driver:
    fields = {"id": "d", "name": "Dora", "vehicle": CAR, "approval": Approval.APPROVED, "created_at": NOW}
    return Driver(**{**fields, **changes})  # type: ignore[arg-type]


def test_the_table_of_decisions_has_every_pair() -> None:
    assert set(DECISIONS) == set(product(Approval, Decision))


@pytest.mark.parametrize(("approval", "decision"), list(product(Approval, Decision)))
def test_each_decision_leads_where_the_table_says(approval: Approval, decision: Decision) -> None:
    before = a_driver(approval=approval)
    after = decide(before, decision, "papers")
    assert after.approval is DECISIONS[approval, decision]
    assert (after is before) == (DECISIONS[approval, decision] is approval)
    assert after.suspended_for == ("papers" if after is not before and after.approval is Approval.SUSPENDED else None)


def test_a_suspended_driver_goes_offline() -> None:
    after = decide(a_driver(online=True, went_online_at=NOW), Decision.SUSPEND, None)
    assert (after.online, after.went_online_at) == (False, None)


def test_approval_after_a_suspension_leaves_him_offline_and_without_its_reason() -> None:
    suspended = decide(a_driver(online=True, went_online_at=NOW), Decision.SUSPEND, "papers")
    after = decide(suspended, Decision.APPROVE, None)
    assert (after.approval, after.online, after.suspended_for) == (Approval.APPROVED, False, None)


@pytest.mark.parametrize("approval", [Approval.PENDING, Approval.SUSPENDED])
def test_only_approved_drivers_go_online(approval: Approval) -> None:
    with pytest.raises(DriverNotApproved) as refusal:
        set_availability(a_driver(approval=approval), True, NOW)
    assert refusal.value.details == {"approval": approval.value}


@pytest.mark.parametrize("approval", list(Approval))
def test_every_driver_may_go_offline(approval: Approval) -> None:
    driver = a_driver(approval=approval)
    assert set_availability(driver, False, NOW) is driver


def test_going_online_notes_the_time_and_doing_it_again_changes_nothing() -> None:
    online = set_availability(a_driver(), True, NOW)
    assert (online.online, online.went_online_at) == (True, NOW)
    assert set_availability(online, True, NOW.replace(hour=13)) is online
    assert set_availability(online, False, NOW).went_online_at is None


def test_a_newcomer_waits_for_ops_unless_the_settings_approve_at_once() -> None:
    assert newcomer("d", "Dora", CAR, False, NOW).approval is Approval.PENDING
    assert newcomer("d", "Dora", CAR, True, NOW).approval is Approval.APPROVED


def test_a_car_carries_what_the_city_says_and_nothing_in_a_category_it_gave_up() -> None:
    categories = {"standard": ("standard",), "comfort": ("comfort", "standard")}
    assert carries(categories, "comfort") == ["comfort", "standard"]
    assert carries(categories, "rickshaw") == []
