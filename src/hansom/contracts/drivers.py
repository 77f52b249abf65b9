"""What the drivers service takes, gives, tells and refuses.

Requests are dataclasses; replies and the data of events are plain JSON, described by typed dicts. Times are RFC 3339
strings.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
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


class DocumentState(StrEnum):
    """How it stands with a document. What is stored is never `missing` or `expired`: those a day makes."""

    MISSING = "missing"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"


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


@error
class UnknownDocument(NotFound):
    """`details`: `kind`, those there are."""

    code = "unknown_document"
    message = "There is no such kind of document."


@error
class DocumentNotThere(Conflict):
    code = "document_not_there"
    message = "The driver has not handed this document in."


@error
class DocumentChanged(Conflict):
    code = "document_changed"
    message = "The driver has handed in another one meanwhile: look at that first."


@error
class DocumentsMissing(Conflict):
    """`details`: `documents`, kind → state of each that is required and not in order."""

    code = "documents_missing"
    message = "Required documents are missing, not accepted yet, or out of date."


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


@dataclass(frozen=True, slots=True)
class SubmitDocument:
    """`expires_on`: the document's last day; None: it has none."""

    driver_id: str
    kind: str
    number: str
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class DecideDocument:
    """`verdict` is `accept` or `reject`, by the ops account `decided_by`.

    `submitted_at`: of the document that was looked at, to the millisecond; None: whichever is there.
    """

    driver_id: str
    kind: str
    verdict: str
    decided_by: str
    reason: str | None = None
    submitted_at: datetime | None = None


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


class DocumentReply(TypedDict):
    """`expires_at`: the last day, `2027-05-01`. `decided_by`: the operator's id."""

    kind: str
    required: bool
    state: str
    number: str | None
    expires_at: str | None
    submitted_at: str | None
    decided_at: str | None
    decided_by: str | None
    reason: str | None


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
