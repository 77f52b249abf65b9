"""What the pricing service takes, gives and refuses.

Replies are plain JSON: times are RFC 3339 strings, `Money` and `Point` their wire forms. Pricing tells no events.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NotRequired, TypedDict

from hansom.contracts.errors import Conflict, Forbidden, Invalid, NotFound, error
from hansom.values import Point

HIGHEST_CAP = 5.0
"""No city's surge may be set to go further."""


class SurgeCode(StrEnum):
    """Why the multiplier is what it is, for programs; people get a sentence."""

    NORMAL = "normal"
    HIGH_DEMAND = "high_demand"
    OFF = "off"
    SUPPLY_UNKNOWN = "supply_unknown"
    DEMAND_UNKNOWN = "demand_unknown"


class FareReason(StrEnum):
    """Why a final fare is what it is."""

    QUOTED = "quoted_fare"
    TRACE_NOT_CREDIBLE = "quoted_fare_trace_not_credible"
    WAITED = "quoted_fare_and_waiting"
    LONGER = "longer_than_quoted"
    SHORTER = "shorter_than_quoted"
    DESTINATION_CHANGED = "destination_changed"
    ENDED_EARLY = "ended_early"


# -- errors ----------------------------------------------------------------------------------------------------------
@error
class UnknownQuote(NotFound):
    code = "unknown_quote"
    message = "There is no such quote."


@error
class CategoryNotInQuote(Invalid):
    code = "category_not_in_quote"
    message = "The quote has no such category."


@error
class NoTariff(Conflict):
    """The city's settings have no tariff in force for any category."""

    code = "no_tariff"
    message = "No tariff is in force here."


@error
class NotYourFare(Forbidden):
    """Who asks for the fare of another destination is not whom the quote was given to."""

    code = "not_your_quote"
    message = "This quote was given to somebody else."


@error
class QuoteOfAChange(Conflict):
    """A quote for another destination of a trip under way is no quote for a new trip."""

    code = "quote_of_a_change"
    message = "This quote is for a trip under way: ask for a new one."


# -- requests --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class AskQuote:
    rider_id: str
    pickup: Point
    dropoff: Point
    promo_code: str | None = None
    idempotency: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class AskRequote:
    """Another destination for a trip, at the old quote's own terms.

    `via`: where the car is, once the ride is under way; the way so far, metres and seconds, is then driven already.
    Without `driven_m` it is taken to be the way by road from the pickup.
    """

    trip_id: str
    rider_id: str
    quote_id: str
    category: str
    dropoff: Point
    via: Point | None = None
    driven_m: float | None = None
    driven_s: float | None = None
    idempotency: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class SeeQuote:
    quote_id: str


@dataclass(frozen=True, slots=True)
class AskFinalFare:
    """What was driven: metres from the trace (None when there is none), seconds from start to completion, and whether
    the trace is good enough to charge on. `waited_s`: seconds from the driver's arrival to the start.

    `ended_early`: the rider ended it on the way, at `ended_at` if that is known. `destination_changed`: what was driven
    counts, even when the quote knows nothing of it.
    """

    quote_id: str
    category: str
    distance_m: float | None
    duration_s: float
    credible: bool
    waited_s: float = 0.0
    ended_early: bool = False
    ended_at: Point | None = None
    destination_changed: bool = False


@dataclass(frozen=True, slots=True)
class SeeSurge:
    city: str


@dataclass(frozen=True, slots=True)
class SetSurge:
    """What an operator wants of a city's surge. `enabled` None leaves that as it is; `cap_tenths`, the highest
    multiplier in tenths, counts with `sets_cap` only, and None is then the city's default."""

    city: str
    ops_user_id: str
    enabled: bool | None
    sets_cap: bool
    cap_tenths: int | None = None
    note: str | None = None
    idempotency: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ListSurgeChanges:
    """Changes of one city, or of all, newest first, from before the one whose id is `cursor`."""

    city: str | None
    limit: int
    cursor: str | None


# -- replies ---------------------------------------------------------------------------------------------------------
class FareLineReply(TypedDict):
    """One line of a fare's explanation. The lines of a fare add up to it exactly; what a changed ride saves is below
    nothing. `values`: the numbers that the label tells in words, such as `driven_m`, for other languages."""

    code: str
    label: str
    amount: dict[str, Any]
    values: NotRequired[dict[str, Any]]


class TaxReply(TypedDict):
    """The tax inside a fare. `rate` is the rate on the price without tax, a decimal string such as "0.135"."""

    rate: str
    amount: dict[str, Any]


class SurgeValuesReply(TypedDict):
    """What `reason` says of a raised fare, for who says it in another language. Near the pickup: rides asked for in the
    last `window_s` seconds, those that wait, those of them that found nobody, and free cars. `easing`: it was busier;
    `at_cap`: fares rise no further."""

    window_s: float
    requests: int
    waiting: int
    unmet: int
    free: int
    easing: bool
    at_cap: bool


class SurgeReply(TypedDict):
    """`multiplier`: 1.0 or more, in tenths. `reason`: a sentence for the rider. `code`: one of `SurgeCode`.

    `values` is null at 1.0, and in quotes that are older than it."""

    multiplier: float
    code: str
    reason: str
    values: SurgeValuesReply | None


class SegmentSurgeReply(SurgeReply):
    """A segment above 1.0, with what was counted in it and around it: trips that wait, requests of the last
    `SURGE_WINDOW_S`, those of them that found nobody, and free cars."""

    waiting: int
    requests: int
    unmet: int
    free: int


class SurgeMapReply(TypedDict):
    """Surge in a city as quotes have it now. `items`: segment → surge, of those above 1.0.

    `known` is false while it was not reckoned lately, and then all is at 1.0; `at` says when it last was.
    """

    city: str
    enabled: bool
    cap: float
    known: bool
    at: str | None
    items: dict[str, SegmentSurgeReply]


class SurgeSettingReply(TypedDict):
    """What operators have set for a city. `cap` is the highest multiplier; `default_cap` holds where they set none.

    `changed_at` and `changed_by` (an operator's user id) are null while nobody changed anything.
    """

    city: str
    enabled: bool
    cap: float
    default_enabled: bool
    default_cap: float
    changed_at: str | None
    changed_by: str | None


class CitySurgeReply(SurgeSettingReply):
    """The setting, and `live`: what quotes have now. A change is live within `SURGE_TICK_S`."""

    live: SurgeMapReply


class SurgeSetReply(TypedDict):
    enabled: bool
    cap: float


class SurgeChangeReply(TypedDict):
    """An operator's change: what held before it and from it on."""

    id: str
    city: str
    changed_at: str
    changed_by: str
    old: SurgeSetReply
    new: SurgeSetReply
    note: str | None


class SurgeChangesReply(TypedDict):
    items: list[SurgeChangeReply]
    next_cursor: str | None


class CancellationReply(TypedDict):
    """What it costs to cancel, all Money, and never more than the fare.

    Free for `free_s` after a driver was assigned, and once he is `late_s` later than promised; then `fee`, of which
    `tax` is tax and `driver_share` the driver's. The driver may claim `no_show_fee` when nobody came for
    `no_show_after_s` after his arrival; null: never. A city that takes no fees has a `fee` of nothing.
    """

    free_s: int
    late_s: int
    fee: dict[str, Any]
    tax: dict[str, Any]
    driver_share: dict[str, Any]
    no_show_after_s: int | None
    no_show_fee: dict[str, Any]
    no_show_tax: dict[str, Any]
    no_show_driver_share: dict[str, Any]


class PromoReply(TypedDict):
    """What a code takes off this fare, and what is left to pay."""

    code: str
    label: str
    discount: dict[str, Any]
    to_pay: dict[str, Any]


class OptionReply(TypedDict):
    """The fare of one category. `pickup_eta_s` is null when it is not known. `tip_max`: no tip is higher.

    `fare` and its lines are what the ride costs; with a `promo` the rider pays its `to_pay`.
    """

    category: str
    fare: dict[str, Any]
    breakdown: list[FareLineReply]
    tax: TaxReply
    surge: SurgeReply
    pickup_eta_s: float | None
    tariff_version: int
    cancellation: CancellationReply
    tip_max: dict[str, Any]
    promo: PromoReply | None


class QuoteReply(TypedDict):
    """api.md's quote, and more. `route` is the line along the roads.

    `correction` is the factor for traffic that is in `duration_s`; it is told when the quote is made, and not later.
    So is `estimated`, only when true: the road service was down, distance and duration are guesses.
    `parent_id` and `trip_id`: of a quote for another destination, the quote it changes and its trip; otherwise null.
    """

    id: str
    rider_id: str
    city: str
    pickup: dict[str, float]
    dropoff: dict[str, float]
    distance_m: int
    duration_s: int
    correction: NotRequired[float]
    estimated: NotRequired[bool]
    route: list[dict[str, float]]
    options: list[OptionReply]
    created_at: str
    expires_at: str
    parent_id: str | None
    trip_id: str | None


class FinalFareReply(TypedDict):
    """The fare to charge. `reason` is one of `FareReason`, `words` says it to the rider.

    When it is not the quoted fare, the lines begin with that and say what changed it. `discount` is what the quote's
    promo code takes off (nothing when there is none), `to_pay` the rest.
    """

    fare: dict[str, Any]
    breakdown: list[FareLineReply]
    tax: TaxReply
    reason: str
    words: str
    discount: dict[str, Any]
    promo_code: str | None
    promo: PromoReply | None
    to_pay: dict[str, Any]


class TariffReply(TypedDict):
    """A tariff in force. Amounts in minor units of `currency`."""

    category: str
    version: int
    valid_from: str
    currency: str
    base: int
    per_km: int
    per_minute: int
    minimum: int
    booking_fee: int
    tax_rate: str
    terms: dict[str, Any]
