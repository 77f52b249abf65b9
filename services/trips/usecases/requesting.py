"""A rider asks for a trip."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Protocol

from hansom.contracts.errors import HansomError, Unavailable
from hansom.contracts.trips import RequestTrip
from services.trips.domain.quote import Quote, trip_from
from services.trips.domain.trip import Trip
from services.trips.usecases.ports import TripEvent, Unit

log = logging.getLogger(__name__)

CHECK_DEADLINE_S = 2.0


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
    """The quote, and whether the rider may pay so: by a method that is known, and owing nothing for a ride before.

    Both are asked at the same time, before any transaction begins. A rider who pays as usual is not kept waiting while
    payments is down. Raises Unavailable when the broker takes no call.
    """
    check = {"payment_method": command.payment_method, "rider_id": command.rider_id}
    quoted = pricing.call_async("get_quote", {"quote_id": command.quote_id})
    checked = payments.call_async("check_payment_method", check, CHECK_DEADLINE_S)
    quote, refusal = _result(quoted)
    _, may_not_pay = _result(checked)
    if isinstance(may_not_pay, Unavailable) and command.payment_method is None:
        log.warning("payments was not asked for debts", extra={"error": may_not_pay.code})
        may_not_pay = None
    return Answers(None, refusal or may_not_pay) if refusal or may_not_pay else Answers(quote, None)


def _result(call: Any) -> tuple[dict[str, Any] | None, HansomError | None]:
    """A call's reply, or its refusal."""
    try:
        return call.result(), None
    except HansomError as refusal:
        return None, refusal


def request_trip(unit: Unit, command: RequestTrip, quote: Quote, trip_id: str, pin: str) -> Trip:
    """Write the trip and tell of it. Raises NotYourQuote, CategoryNotQuoted, QuoteExpired, ActiveTripExists."""
    trip = trip_from(quote, command, trip_id, pin, unit.now)
    unit.rows.add(trip)
    unit.tell([TripEvent("trip_requested", trip)])
    return trip
