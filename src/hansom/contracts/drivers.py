"""What the drivers service takes, gives, tells and refuses.

Requests are dataclasses; replies and the data of events are plain JSON, described by typed dicts. Times are RFC 3339
strings.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict

from hansom.contracts.errors import Conflict, NotFound, error

MAX_DRIVERS = 2000
"""Ids of one `get_cards` or `get_availability`."""


class Approval(StrEnum):
    """Whether a driver may work. `pending`: ops have not looked yet."""

    PENDING = "pending"
    APPROVED = "approved"
    SUSPENDED = "suspended"


# -- errors ----------------------------------------------------------------------------------------------------------
@error
class UnknownDriver(NotFound):
    code = "unknown_driver"
    message = "There is no such driver."


@error
class DriverNotApproved(Conflict):
    """`details`: `approval`."""

    code = "driver_not_approved"
    message = "Only approved drivers go online."


# -- requests --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class VehicleDetails:
    """`category`: one of the city's."""

    make: str
    model: str
    colour: str
    plate: str
    category: str


@dataclass(frozen=True, slots=True)
class RegisterDriver:
    """`account`: what the users service wants of a new account. It checks that part."""

    account: dict[str, object]
    vehicle: VehicleDetails
    idempotency: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class SetAvailability:
    driver_id: str
    online: bool


@dataclass(frozen=True, slots=True)
class ListDrivers:
    """Newest first. `q`: part of a name or the beginning of a plate. `cursor`: `next_cursor` of the page before."""

    approval: Approval | None = None
    online: bool | None = None
    q: str | None = None
    limit: int = 20
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class DecideDriver:
    """`approve_driver` and `suspend_driver`, by the ops account `decided_by`."""

    driver_id: str
    decided_by: str
    reason: str | None = None


# -- replies ---------------------------------------------------------------------------------------------------------
class VehicleReply(TypedDict):
    make: str
    model: str
    colour: str
    plate: str
    category: str


class DriverReply(TypedDict):
    """A driver as he and ops see him."""

    id: str
    name: str
    rating: float | None
    rating_count: int
    vehicle: VehicleReply
    approval: str
    suspended_for: str | None
    online: bool
    went_online_at: str | None
    created_at: str


class CardReply(TypedDict):
    """A driver as his rider sees him. `categories`: what his car may carry."""

    id: str
    name: str
    rating: float | None
    vehicle: VehicleReply
    categories: list[str]


class AvailabilityReply(TypedDict):
    online: bool
    categories: list[str]


class DriverCounts(TypedDict):
    pending: int
    approved: int
    suspended: int
    online: int


# -- events: key is the driver's id ----------------------------------------------------------------------------------
class AvailabilityChangedData(TypedDict):
    """Only told when it changes. `categories`: what his car may carry."""

    driver_id: str
    online: bool
    categories: list[str]
