"""A rider tips the driver of a ride: kept first, then charged like any other charge."""

from __future__ import annotations

from hansom.contracts.errors import Invalid
from hansom.contracts.payments import (
    ChargeKind,
    ChargeState,
    NotYourRide,
    TipReason,
    TipRefused,
    TipTrip,
    UnknownPaymentMethod,
)
from services.payments.domain.charge import Charge, SettledRide, tip_of
from services.payments.domain.methods import CASH
from services.payments.usecases.ports import Books, Desk


def begin_tip(desk: Desk, books: Books, request: TipTrip) -> Charge:
    """Keep a tip; `charging.finish_charges` makes it happen.

    Raises TipRefused, NotYourRide, UnknownPaymentMethod, Invalid when it is higher than the tariff allows.
    """
    ride = _ride(books, request)
    if desk.now() - ride.completed_at > desk.rules.tip_within:
        raise _refused(TipReason.TOO_LATE)
    most_minor = ride.fare_minor if ride.tip_max_minor is None else ride.tip_max_minor
    if not most_minor:
        raise _refused(TipReason.NO_TIPS)
    if request.amount_minor > most_minor:
        raise Invalid(details={"amount_minor": [f"A tip for this ride is {most_minor} at most."]})
    method = _method(desk, ride, request)
    id_, now = desk.new_id(), desk.now()
    tip = Charge(id_, tip_of(ride, request.amount_minor, method, now, id_), method, 0, ChargeState.PENDING, now)
    if not books.claim([tip]):
        raise _refused(TipReason.ALREADY_TIPPED)
    return tip


def _ride(books: Books, request: TipTrip) -> SettledRide:
    known = [charge.ride for charge in books.charges_of([request.trip_id])]
    if not known:
        raise _refused(TipReason.NOT_SETTLED)
    [ride] = known
    if ride.rider_id != request.rider_id:
        raise NotYourRide()
    if ride.kind != ChargeKind.RIDE:
        raise _refused(TipReason.NO_TIPS)
    return ride


def _method(desk: Desk, ride: SettledRide, request: TipTrip) -> str:
    """What the tip is paid with: the ride's own method, if that was not cash."""
    given = request.payment_method if request.payment_method is not None else ride.method
    method = desk.method_of(given)
    if method == CASH:
        why = (
            "A tip is paid by card: name one." if request.payment_method is None else "A tip is not paid in cash here."
        )
        raise UnknownPaymentMethod(details={"payment_method": [why]})
    return method


def _refused(reason: TipReason) -> TipRefused:
    return TipRefused(details={"reason": reason.value})
