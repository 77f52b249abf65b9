"""Drivers: who may work, and who does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from hansom.contracts.drivers import Approval, DriverNotApproved, VehicleDetails


class Decision(StrEnum):
    """What ops can decide about a driver."""

    APPROVE = "approve"
    SUSPEND = "suspend"


DECISIONS: dict[tuple[Approval, Decision], Approval] = {
    (Approval.PENDING, Decision.APPROVE): Approval.APPROVED,
    (Approval.PENDING, Decision.SUSPEND): Approval.SUSPENDED,
    (Approval.APPROVED, Decision.APPROVE): Approval.APPROVED,
    (Approval.APPROVED, Decision.SUSPEND): Approval.SUSPENDED,
    (Approval.SUSPENDED, Decision.APPROVE): Approval.APPROVED,
    (Approval.SUSPENDED, Decision.SUSPEND): Approval.SUSPENDED,
}
"""(approval, decision) → approval. A decision that is made already changes nothing."""


@dataclass(frozen=True, slots=True)
class Driver:
    """A driver and his car. `name_version` is the account's version that told the name."""

    id: str
    name: str
    vehicle: VehicleDetails
    approval: Approval
    created_at: datetime
    name_version: int = 1
    suspended_for: str | None = None
    online: bool = False
    went_online_at: datetime | None = None
    rating: float | None = None
    rating_count: int = 0


def newcomer(driver_id: str, name: str, vehicle: VehicleDetails, auto_approve: bool, now: datetime) -> Driver:
    """A driver on his first day: pending, unless the settings approve at once."""
    approval = Approval.APPROVED if auto_approve else Approval.PENDING
    return Driver(driver_id, name, vehicle, approval, now)


def set_availability(driver: Driver, online: bool, now: datetime) -> Driver:
    """The driver, online or not; the very same object when he is so already. Raises DriverNotApproved."""
    if online and driver.approval is not Approval.APPROVED:
        raise DriverNotApproved(details={"approval": driver.approval.value})
    if online == driver.online:
        return driver
    return replace(driver, online=online, went_online_at=now if online else None)


def decide(driver: Driver, decision: Decision, reason: str | None) -> Driver:
    """The driver after a decision; the very same object when it changes nothing. Who is suspended goes offline."""
    approval = DECISIONS[driver.approval, decision]
    if approval is driver.approval:
        return driver
    if approval is Approval.SUSPENDED:
        return replace(driver, approval=approval, suspended_for=reason, online=False, went_online_at=None)
    return replace(driver, approval=approval, suspended_for=None)


def carries(categories: Mapping[str, tuple[str, ...]], category: str) -> list[str]:
    """What a car of a category may carry in the city. A category that the city gave up carries nothing."""
    return list(categories.get(category, ()))
