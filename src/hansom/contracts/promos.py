"""Promo codes, of the pricing service: what it takes, gives and refuses. Times are RFC 3339 strings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NotRequired, TypedDict

from hansom.contracts.errors import Conflict, NotFound, error


class PromoKind(StrEnum):
    """What a code takes off a fare: an amount, or so many hundredths of it."""

    FIXED = "fixed"
    PERCENT = "percent"


class PromoReason(StrEnum):
    """Why a code cannot be used: `details.reason` of `PromoRefused`."""

    UNKNOWN = "unknown"
    NOT_YET = "not_yet"
    OVER = "over"
    USED_UP = "used_up"
    USED_BY_YOU = "used_by_you"
    NOT_FIRST_RIDE = "not_first_ride"
    OTHER_CITY = "other_city"
    DISABLED = "disabled"


class UseState(StrEnum):
    """What became of a use of a code: held for a trip, taken off its fare, or given back."""

    RESERVED = "reserved"
    USED = "used"
    GIVEN_BACK = "given_back"


# -- errors ----------------------------------------------------------------------------------------------------------
@error
class PromoRefused(Conflict):
    """`details`: `reason`, one of `PromoReason`, and the `code`."""

    code = "promo_refused"
    message = "This code cannot be used."


@error
class UnknownPromo(NotFound):
    code = "unknown_promo_code"
    message = "There is no such code."


@error
class PromoExists(Conflict):
    code = "promo_code_exists"
    message = "There is such a code already: codes are never used again."


# -- requests --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class ReservePromo:
    """`first_ride`: the rider never had a ride before this one."""

    trip_id: str
    rider_id: str
    quote_id: str
    category: str
    first_ride: bool


@dataclass(frozen=True, slots=True)
class ReleasePromo:
    trip_id: str


@dataclass(frozen=True, slots=True)
class NewPromo:
    """A code as an operator makes it. `code` is in capitals. Fixed: `amount_minor` off. Percent: `percent` of the fare
    off, at most `cap_minor`. `currency` goes with the amounts. Limits that are None are none; `cities` None: all."""

    code: str
    kind: PromoKind
    ops_user_id: str
    amount_minor: int | None = None
    percent: int | None = None
    cap_minor: int | None = None
    currency: str | None = None
    first_ride: bool = False
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    uses_max: int | None = None
    uses_per_rider: int | None = 1
    cities: tuple[str, ...] | None = None
    note: str | None = None
    idempotency: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class DisablePromo:
    code: str
    ops_user_id: str
    idempotency: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ListPromos:
    """Codes, newest first, from before the one that `cursor` names."""

    limit: int
    cursor: str | None


@dataclass(frozen=True, slots=True)
class ListPromoUses:
    """Uses of a code, or of all, by trip, from after the trip that `cursor` names."""

    code: str | None
    limit: int
    cursor: str | None


# -- replies ---------------------------------------------------------------------------------------------------------
class ReservedPromoReply(TypedDict):
    """`code` null: the quote has no promo code, and there is no `discount`."""

    code: str | None
    discount: NotRequired[dict[str, Any]]


class ReleasedPromoReply(TypedDict):
    """Whether there was a use to give back."""

    released: bool


class PromoCodeReply(TypedDict):
    """A promo code as operators see it. `amount` and `cap` are Money or null; `uses`: reserved or used by now."""

    code: str
    kind: str
    amount: dict[str, Any] | None
    percent: int | None
    cap: dict[str, Any] | None
    first_ride: bool
    valid_from: str
    valid_until: str | None
    uses_max: int | None
    uses_per_rider: int | None
    cities: list[str] | None
    uses: int
    note: str | None
    created_at: str
    created_by: str
    disabled_at: str | None
    disabled_by: str | None


class PromoCodesReply(TypedDict):
    items: list[PromoCodeReply]
    next_cursor: str | None


class PromoUseReply(TypedDict):
    """A use of a code. `discount`: of the quote while it is reserved, of the final fare once it is used."""

    trip_id: str
    code: str
    rider_id: str
    quote_id: str
    category: str
    state: str
    discount: dict[str, Any]
    reserved_at: str
    resolved_at: str | None


class PromoUsesReply(TypedDict):
    items: list[PromoUseReply]
    next_cursor: str | None
