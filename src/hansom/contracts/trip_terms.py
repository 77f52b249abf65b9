"""What a trip costs beside its fare: cancelling, not coming, going elsewhere. Part of the contract of trips.

`Money` in its wire form, times RFC 3339 strings.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypedDict

from hansom.contracts.errors import Conflict, error
from hansom.values import Point


class CancelCode(StrEnum):
    """Why cancelling costs what it costs."""

    SEARCHING = "searching"
    WITHIN_GRACE = "within_grace"
    DRIVER_LATE = "driver_late"
    NO_FEE = "no_fee"
    GIVEN_BACK = "given_back"
    LATE = "cancelled_late"
    NO_SHOW = "no_show"
    UNDER_WAY = "under_way"


# -- errors ----------------------------------------------------------------------------------------------------------
@error
class TooEarly(Conflict):
    """A no-show was claimed before its time. `details`: `claim_at`."""

    code = "too_early"
    message = "Your rider has a little longer to come."


@error
class NotAtPickup(Conflict):
    """A no-show was claimed from elsewhere. `details`: `distance_m` to the pickup, null when he is not seen."""

    code = "not_at_pickup"
    message = "You are not at the pickup."


@error
class NoShowNotOffered(Conflict):
    """The tariff of the ride names no time after which a rider counts as not come."""

    code = "no_show_not_offered"
    message = "This ride has no such time: cancel it, and your rider gets another driver."


@error
class QuoteOfAnotherTrip(Conflict):
    """A destination can only be changed by a quote that was asked for it."""

    code = "quote_of_another_trip"
    message = "This quote was not given for changing this trip."


# -- requests --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class QuoteDestination:
    """What the trip would cost to another place, by the terms of its own quote."""

    trip_id: str
    rider_id: str
    dropoff: Point
    idempotency: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ChangeDestination:
    """Go where the new quote goes, for what it says."""

    trip_id: str
    rider_id: str
    quote_id: str


# -- replies and the data of events ----------------------------------------------------------------------------------
class CancelPreview(TypedDict):
    """What cancelling would cost now. `code` is one of `CancelCode`, `reason` a sentence; `free_until`: until when it
    costs nothing, null when that is over or has no end."""

    fee: dict[str, Any]
    free_until: str | None
    code: str
    reason: str


class FeeData(TypedDict):
    """What a cancelled trip costs its rider. `kind`: `cancellation` or `no_show`; `reason`: one of `CancelCode`.

    `amount` has `tax` and `driver_share` in it; the rest is the platform's.
    """

    kind: str
    amount: dict[str, Any]
    tax: dict[str, Any]
    driver_share: dict[str, Any]
    label: str
    reason: str
