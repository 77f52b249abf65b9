"""A rider asks for a trip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from hansom.contracts.errors import HansomError
from hansom.contracts.trips import RequestTrip
from services.trips.domain.quote import Quote, trip_from
from services.trips.domain.trip import Trip
from services.trips.usecases.ports import TripEvent, Unit


class Remote(Protocol):
    """Another service: see `hansom.rpc.ServiceClient`."""

    def call_async(self, method: str, payload: dict[str, Any], deadline_s: float | None = None) -> Any: ...


@dataclass(frozen=True, slots=True)
class Answers:
    """What pricing said, or why it (or payments) refused. A refusal is raised only when it matters: a repeated request
    whose trip exists gets that trip, though its quote is long gone."""

    quote: dict[str, Any] | None
    refusal: HansomError | None

    def quote_or_refusal(self) -> dict[str, Any]:
        """Pricing's quote. Raises the refusal."""
        if self.refusal is not None:
            raise self.refusal
        assert self.quote is not None
        return self.quote


def ask_pricing_and_payments(pricing: Remote, payments: Remote, command: RequestTrip) -> Answers:
    """The quote and whether the payment method will do, asked at the same time and before any transaction begins.

    Raises Unavailable when the broker takes no call.
    """
    calls = [pricing.call_async("get_quote", {"quote_id": command.quote_id})]
    if command.payment_method is not None:
        check = {"payment_method": command.payment_method, "rider_id": command.rider_id}
        calls.append(payments.call_async("check_payment_method", check))
    replies, refusals = [], []
    for call in calls:
        try:
            replies.append(call.result())
        except HansomError as refusal:
            refusals.append(refusal)
    return Answers(None, refusals[0]) if refusals else Answers(replies[0], None)


def request_trip(unit: Unit, command: RequestTrip, quote: Quote, trip_id: str, pin: str) -> Trip:
    """Write the trip and tell of it. Raises NotYourQuote, CategoryNotQuoted, QuoteExpired, ActiveTripExists."""
    trip = trip_from(quote, command, trip_id, pin, unit.now)
    unit.rows.add(trip)
    unit.tell([TripEvent("trip_requested", trip)])
    return trip
