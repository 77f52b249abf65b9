"""What the trips service takes, gives, tells and refuses.

Requests are dataclasses; replies and the data of events are plain JSON, described by typed dicts. Times are RFC 3339
strings, `Money` and `Point` their wire forms.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NotRequired, TypedDict

from hansom.contracts.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, error
from hansom.contracts.trip_terms import FeeData


class TripState(StrEnum):
    """Where a trip is in its life."""

    REQUESTED = "requested"
    ASSIGNED = "assigned"
    ARRIVED = "arrived"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class OfferState(StrEnum):
    """What became of an offer. `released`: accepted, and given back by the driver later."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    RELEASED = "released"


class Role(StrEnum):
    """Who acts."""

    RIDER = "rider"
    DRIVER = "driver"
    OPS = "ops"


WITH_DRIVER = frozenset({TripState.ASSIGNED, TripState.ARRIVED, TripState.IN_PROGRESS})
"""States in which a driver is busy with the trip."""

ACTIVE = WITH_DRIVER | {TripState.REQUESTED}
"""States in which a rider is busy with the trip."""

FINISHED = frozenset({TripState.COMPLETED, TripState.CANCELLED, TripState.EXPIRED})
"""States that nothing leads out of."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, as the gateway has made sure."""

    user_id: str
    role: Role


# -- errors ----------------------------------------------------------------------------------------------------------
@error
class ActiveTripExists(Conflict):
    """`details`: `trip_id` of the trip under way, or null when it has just ended."""

    code = "active_trip_exists"
    message = "You already have an active trip."


@error
class QuoteExpired(Conflict):
    code = "quote_expired"
    message = "The quote has expired: ask for a new one."


@error
class NotYourQuote(Forbidden):
    code = "not_your_quote"
    message = "This quote was given to somebody else."


@error
class CategoryNotQuoted(Invalid):
    code = "category_not_quoted"
    message = "The quote has no such category."


@error
class UnknownTrip(NotFound):
    code = "unknown_trip"
    message = "There is no such trip."


@error
class NotYourTrip(Forbidden):
    code = "not_your_trip"
    message = "This trip is not yours."


@error
class IllegalTransition(Conflict):
    """`details`: `state` of the trip and the `verb` that it forbids."""

    code = "illegal_transition"
    message = "The trip's state forbids it."


@error
class WrongPin(Invalid):
    code = "wrong_pin"
    message = "The PIN is wrong."


@error
class PinLocked(TooMany):
    """`details`: `retry_after_s`."""

    code = "pin_locked"
    message = "Too many wrong PINs: wait a little."


@error
class UnknownOffer(NotFound):
    code = "unknown_offer"
    message = "There is no such offer."


@error
class NotYourOffer(Forbidden):
    code = "not_your_offer"
    message = "This offer was made to somebody else."


@error
class OfferGone(Conflict):
    code = "offer_gone"
    message = "The offer is gone."


# -- requests --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class RequestTrip:
    """`payment_method` None means the rider's usual one."""

    rider_id: str
    quote_id: str
    category: str
    payment_method: str | None = None
    idempotency: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class SeeTrip:
    trip_id: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class CancelTrip:
    """`charge`: of operators only, who cancel without a cost otherwise: it costs what it would cost the rider."""

    trip_id: str
    actor: Actor
    reason: str | None = None
    charge: bool = False


@dataclass(frozen=True, slots=True)
class DriveTrip:
    """`arrive` and `complete`; `start` brings the rider's PIN."""

    trip_id: str
    driver_id: str
    pin: str | None = None


@dataclass(frozen=True, slots=True)
class OfferProposal:
    """A pair that matching chose. `ttl_s`: how long the driver may think, seconds.

    `replaces`: the trip's open offer, which is withdrawn for this one if its driver has not seen it.
    """

    trip_id: str
    driver_id: str
    pickup_eta_s: float
    ttl_s: float
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerOffer:
    offer_id: str
    driver_id: str


@dataclass(frozen=True, slots=True)
class ListTrips:
    """One user's trips. `cursor` is the `next_cursor` of the page before."""

    user_id: str
    role: Role
    limit: int = 20
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class ListAllTrips:
    """Every trip that all of the given filters let through; `requested_from` ≤ requested_at < `requested_to`.

    `people`: one of them is its rider or its driver; with `id_prefix`, hexadecimal digits, or its id begins so.
    `ids`: it is one of these.
    """

    state: TripState | None = None
    category: str | None = None
    rider_id: str | None = None
    driver_id: str | None = None
    requested_from: datetime | None = None
    requested_to: datetime | None = None
    city: str | None = None
    id_prefix: str | None = None
    people: list[str] | None = None
    ids: list[str] | None = None
    limit: int = 20
    cursor: str | None = None


# -- replies ---------------------------------------------------------------------------------------------------------
class DriverReply(TypedDict):
    """The trip's driver, as its parties see him. `position` is live or null."""

    id: str
    name: str
    rating: float | None
    vehicle: dict[str, Any]
    position: dict[str, Any] | None
    pickup_eta_s: float | None


class TripReply(TypedDict):
    """api.md's trip, and more. `distance_m` and `duration_s` are the quote's until the trip is settled.

    Fields that are not required are missing from messages of versions before them.
    """

    id: str
    state: str
    category: str
    city: str
    rider_id: str
    driver_id: str | None
    pickup: dict[str, float]
    dropoff: dict[str, float]
    quote_id: str
    payment_method: str | None
    fare: dict[str, Any]
    fare_final: bool
    fare_reason: str | None
    pin: str | None
    driver: DriverReply | None
    distance_m: float
    duration_s: float
    requested_at: str
    waiting_since: str
    assigned_at: str | None
    arrived_at: str | None
    started_at: str | None
    completed_at: str | None
    cancelled_at: str | None
    cancelled_by: str | None
    cancel_reason: str | None
    expired_at: str | None
    settled_at: str | None
    version: int
    discount: NotRequired[dict[str, Any]]
    """What a promo code takes off the fare."""
    promo_code: NotRequired[str | None]
    to_pay: NotRequired[dict[str, Any]]
    """fare - discount"""
    cancellation_fee: NotRequired[dict[str, Any] | None]
    """What cancelling, or not coming, has cost; null: nothing."""
    ended_early: NotRequired[bool]
    """Cancelled under way, and charged for what was driven: `trip_settled` follows, as after a completed ride."""
    tip_max: NotRequired[dict[str, Any] | None]
    destination_changes: NotRequired[int]


class OfferReply(TypedDict):
    """An offer, as its driver sees it."""

    id: str
    offer_id: str
    trip_id: str
    driver_id: str
    state: str
    pickup_eta_s: float
    expires_at: str


class Waiting(TypedDict):
    """A trip without a driver, as matching needs it."""

    trip_id: str
    rider_id: str
    city: str
    category: str
    pickup: dict[str, float]
    dropoff: dict[str, float]
    fare: dict[str, Any]
    duration_s: float
    requested_at: str
    waiting_since: str
    returned: bool
    excluded_driver_ids: list[str]
    has_open_offer: bool


class Check(TypedDict):
    """One line of an audit: what must hold, how many rows were looked at, and each that breaks it."""

    name: str
    checked: int
    breaches: list[str]


# -- events: key is the trip's id ------------------------------------------------------------------------------------
class TripEventData(TypedDict):
    """Data of each event about a trip. `trip` has its PIN: who shows it to anybody but its rider takes it out."""

    trip: TripReply
    driver_id: NotRequired[str | None]
    """trip_cancelled: the driver who had it."""
    former_driver_id: NotRequired[str]
    """trip_returned: the driver who gave it back, or from whom it was taken."""
    reason: NotRequired[str | None]
    """trip_returned, trip_cancelled: what he said; `driver_silent`, `driver_no_show` when it was taken from him."""
    breakdown: NotRequired[list[dict[str, Any]]]
    """trip_settled: the lines of the fare, as pricing words them; absent when it was settled on the quote."""
    tax: NotRequired[dict[str, Any] | None]
    """trip_settled: the tax in it, `{rate, amount}`; absent likewise."""
    fee: NotRequired[FeeData | None]
    """trip_cancelled: what it costs; null: nothing, or, when the trip `ended_early`, what `trip_settled` will say."""
    operator_id: NotRequired[str | None]
    """trip_cancelled: the operator who did it, if one did. Riders and drivers are not told it."""
    discount: NotRequired[dict[str, Any]]
    """trip_settled: what is taken off the fare by `promo_code`."""
    promo_code: NotRequired[str | None]
    """trip_settled."""
    tip_max: NotRequired[dict[str, Any] | None]
    """trip_settled: the highest tip that the tariff allows; null: none."""


class OfferMadeData(TypedDict):
    offer_id: str
    driver_id: str
    trip_id: str
    pickup: dict[str, float]
    dropoff: dict[str, float]
    pickup_eta_s: float
    fare: dict[str, Any]
    expires_at: str


class OfferEndedData(TypedDict):
    """offer_declined, and offer_withdrawn: `reason` expired, replaced, driver_offline, trip_cancelled, trip_expired."""

    offer_id: str
    driver_id: str
    trip_id: str
    reason: NotRequired[str]
