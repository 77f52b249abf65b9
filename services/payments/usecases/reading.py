"""What riders, drivers and ops may see of money."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from hansom.contracts.payments import NotYourReceipt, SeeReceipt, SeeStatement, UnknownPayout
from services.payments.domain.payout import Payout, PayoutLine


class OfParties(Protocol):
    """Something of a trip that its parties may see."""

    @property
    def parties(self) -> tuple[str, str]: ...


Seen = TypeVar("Seen", bound=OfParties)


def see_receipt(find: Callable[[str], Seen], request: SeeReceipt) -> Seen:
    """The receipt of a trip, for its rider, its driver and ops. Raises ReceiptNotReady, NotYourReceipt."""
    found = find(request.trip_id)
    if request.role != "ops" and request.user_id not in found.parties:
        raise NotYourReceipt()
    return found


def see_statement(
    find: Callable[[str], tuple[Payout, Sequence[PayoutLine]]], request: SeeStatement
) -> tuple[Payout, Sequence[PayoutLine]]:
    """A payout with its lines, for its driver and ops. Raises UnknownPayout; nobody learns of another one's."""
    payout, lines = find(request.payout_id)
    if request.role != "ops" and request.user_id != payout.driver_id:
        raise UnknownPayout()
    return payout, lines
