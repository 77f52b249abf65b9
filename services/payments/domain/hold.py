"""Holds: an amount that is kept back on a rider's card from his request until the ride is charged or called off.

A hold stands while it is pending, held or waits for its rider's confirmation; a trip has one that stands at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hansom.contracts.payments import HoldState

STANDING = frozenset({HoldState.PENDING, HoldState.HELD, HoldState.NEEDS_CONFIRMATION})

MAY_BECOME: Mapping[HoldState, frozenset[HoldState]] = {
    HoldState.PENDING: frozenset(
        {HoldState.HELD, HoldState.DECLINED, HoldState.NEEDS_CONFIRMATION, HoldState.CAPTURED, HoldState.RELEASED}
    ),
    HoldState.NEEDS_CONFIRMATION: frozenset(
        {HoldState.HELD, HoldState.DECLINED, HoldState.CAPTURED, HoldState.RELEASED}
    ),
    HoldState.HELD: frozenset({HoldState.CAPTURED, HoldState.RELEASED}),
    HoldState.DECLINED: frozenset(),
    HoldState.CAPTURED: frozenset(),
    HoldState.RELEASED: frozenset(),
}
"""What a hold in a state may become; a trigger of the database says the same."""


@dataclass(frozen=True, slots=True)
class Hold:
    """What is kept back for a trip, minor units. Its `id` is the key by which the provider knows it.

    `granted_at`: when its trip was told to go on because of it. A hold that its rider confirmed and that no trip goes
    on by yet serves his next request. `let_go_at`: since when it is to be released; `ended_at`: since when its trip
    is known to be over.
    """

    id: str
    trip_id: str
    rider_id: str
    city: str
    amount_minor: int
    currency: str
    method: str
    state: HoldState
    created_at: datetime
    reason: str | None = None
    confirmation: Mapping[str, Any] | None = None
    confirmed_at: datetime | None = None
    granted_at: datetime | None = None
    let_go_at: datetime | None = None
    ended_at: datetime | None = None
    resolved_at: datetime | None = None

    @property
    def stands(self) -> bool:
        return self.state in STANDING

    def covers(self, amount_minor: int, currency: str, method: str) -> bool:
        """Whether a charge of this amount by this method is taken from it whole."""
        return amount_minor <= self.amount_minor and (currency, method) == (self.currency, self.method)


@dataclass(frozen=True, slots=True)
class HoldAnswer:
    """What the provider says of a hold, with a reason in a word when it is declined or was released by the provider.

    `confirmation`: with `needs_confirmation`, what the rider's app needs to bring it about, JSON as the provider gives
    it (of Stripe a client secret).
    """

    state: HoldState
    reference: str | None
    reason: str | None
    confirmation: Mapping[str, Any] | None = None
