"""What happened to a trip, moment by moment, as each service that had a part in it tells.

`get_timeline {trip_id}` of trips, matching, payments and ratings gives `{"items": [moment, ...]}`, oldest first. A code
and its values say everything: whoever shows a moment finds the words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypedDict


class Kind(StrEnum):
    """What a moment is about."""

    QUOTE = "quote"
    TRIP = "trip"
    SEARCH = "search"
    OFFER = "offer"
    MONEY = "money"
    RATING = "rating"


class Code(StrEnum):
    """What happened. Values are told by `services/gateway/timeline_words.py`, which has a sentence for each."""

    # pricing
    QUOTED = "quoted"
    # trips
    REQUESTED = "requested"
    ASSIGNED = "assigned"
    GIVEN_BACK = "given_back"
    TAKEN_BACK = "taken_back"
    ARRIVED = "arrived"
    STARTED = "started"
    DESTINATION_CHANGED = "destination_changed"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    ENDED_EARLY = "ended_early"
    NO_SHOW = "no_show"
    EXPIRED = "expired"
    SETTLED = "settled"
    OFFER_MADE = "offer_made"
    OFFER_SHOWN = "offer_shown"
    OFFER_ACCEPTED = "offer_accepted"
    OFFER_DECLINED = "offer_declined"
    OFFER_EXPIRED = "offer_expired"
    OFFER_WITHDRAWN = "offer_withdrawn"
    # matching
    LOOKED = "looked"
    WAIT_PROMISED = "wait_promised"
    # payments
    HOLD_ASKED = "hold_asked"
    HOLD_GRANTED = "hold_granted"
    HOLD_DECLINED = "hold_declined"
    HOLD_TAKEN = "hold_taken"
    HOLD_RELEASED = "hold_released"
    CHARGE_BEGUN = "charge_begun"
    CHARGED = "charged"
    CHARGE_FAILED = "charge_failed"
    RECEIPT_ISSUED = "receipt_issued"
    CREDIT_NOTE_ISSUED = "credit_note_issued"
    DEBT_OPENED = "debt_opened"
    DEBT_SETTLED = "debt_settled"
    REFUND_ASKED = "refund_asked"
    REFUNDED = "refunded"
    REFUND_FAILED = "refund_failed"
    TIPPED = "tipped"
    TIP_FAILED = "tip_failed"
    PAYOUT_SENT = "payout_sent"
    # ratings
    RATED = "rated"


@dataclass(frozen=True, slots=True)
class Who:
    """Who did it; of an offer, to whom it was made. `id` is None where it was not written down, as of old cancels."""

    role: str
    id: str | None


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened. `values` is plain JSON, money as `{amount_minor, currency}`."""

    at: datetime
    kind: Kind
    code: Code
    who: Who | None = None
    values: dict[str, Any] = field(default_factory=dict)


class WhoReply(TypedDict):
    role: str
    id: str | None


class MomentReply(TypedDict):
    at: str
    kind: str
    code: str
    who: WhoReply | None
    values: dict[str, Any]
