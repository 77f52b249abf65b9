"""Refunds: how much of a charge a rider gets back, and who bears it.

The tax office and the platform give back in proportion to what they got of the fare; so does the driver when the refund
is for something that he did, otherwise the platform bears his part too. Proportions are reckoned of all that was
refunded so far, so that refunding a fare bit by bit gives back exactly its parts. Of a fare with a discount the rider
can get back what he paid; everybody then bears his part of as much, and what the platform paid stays spent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from hansom.contracts.payments import RefundState
from services.payments.domain.charge import Charge
from services.payments.domain.money_rules import Split, rounded


@dataclass(frozen=True, slots=True)
class Borne:
    """A refund's parts, minor units; none is negative."""

    tax_minor: int = 0
    fee_minor: int = 0
    share_minor: int = 0

    @property
    def amount_minor(self) -> int:
        return self.tax_minor + self.fee_minor + self.share_minor


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund of a charge. Its `id` is the key by which the provider knows it. `by_user_id`: the operator.

    `payment_id`: the debt's payment that is given back, of a charge that had failed.
    """

    id: str
    charge: Charge
    parts: Borne
    reason: str
    by_user_id: str
    state: RefundState
    created_at: datetime
    resolved_at: datetime | None = None
    failure: str | None = None
    payment_id: str | None = None

    @property
    def amount_minor(self) -> int:
        return self.parts.amount_minor

    @property
    def paid_by(self) -> str:
        """The key by which the provider knows the payment that is given back."""
        return self.payment_id or self.charge.id


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """What the provider said of a refund: done with its reference, or failed with a reason in a word."""

    state: RefundState
    reference: str | None
    reason: str | None


def together(parts: Iterable[Borne]) -> Borne:
    """The sum."""
    known = list(parts)
    return Borne(
        sum(each.tax_minor for each in known),
        sum(each.fee_minor for each in known),
        sum(each.share_minor for each in known),
    )


def borne(fare: Split, before: Borne, amount_minor: int, *, by_driver: bool) -> Borne:
    """The parts of a refund of so much, when `before` was refunded already. `by_driver`: he bears his part of it.

    Raises ValueError for nothing or less, and for more than is left of the fare.
    """
    after_minor = before.amount_minor + amount_minor
    if amount_minor <= 0 or after_minor > fare.fare_minor:
        raise ValueError("a refund is more than nothing and no more than is left")
    tax = _part(fare.tax_minor, fare, after_minor, before.tax_minor, amount_minor)
    if not by_driver:
        return Borne(tax, amount_minor - tax, 0)
    fee = _part(fare.fee_minor, fare, after_minor, before.fee_minor, amount_minor - tax)
    share = min(amount_minor - tax - fee, max(0, fare.share_minor - before.share_minor))
    return Borne(tax, amount_minor - tax - share, share)


def _part(whole_minor: int, fare: Split, after_minor: int, before_minor: int, most_minor: int) -> int:
    """What this refund takes of a part of the fare, so that all refunds together take their proportion of it."""
    due = rounded(Fraction(whole_minor * after_minor, fare.fare_minor)) - before_minor
    return min(max(0, due), most_minor)
