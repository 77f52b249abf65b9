"""A fare is kept back before its ride begins: kept, asked for, recorded.

As with charges, the hold's row commits before the provider hears of it, and its id is the provider's key; what is found
pending is looked up before it is asked for again, so two requests at once are one hold. Letting go is `letting_go`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hansom.contracts.payments import (
    AuthorizeRide,
    ConfirmationOver,
    ConfirmationState,
    ConfirmPayment,
    HoldState,
    PaymentDeclined,
    PaymentNeedsConfirmation,
    ProviderUnavailable,
    UnknownConfirmation,
)
from services.payments.domain.debt import must_owe_nothing
from services.payments.domain.hold import STANDING, Hold, HoldAnswer
from services.payments.domain.methods import CASH
from services.payments.usecases.asking import answers_of
from services.payments.usecases.letting_go import release
from services.payments.usecases.ports import Books, Desk, ToHold


def authorize_ride(desk: Desk, request: AuthorizeRide) -> bool:
    """Keep the fare back for a trip; False when there is nothing to keep back: cash, or nothing to pay.

    Raises DebtOpen, UnknownPaymentMethod, PaymentDeclined, PaymentNeedsConfirmation, ProviderUnavailable.
    """
    method = desk.method_of(request.payment_method)
    hold, is_new = _standing(desk, request, method)
    if hold is not None and hold.let_go_at is not None:
        # the trip was called off before, and is wanted again
        release(desk, [hold])
        hold, is_new = _standing(desk, request, method)
    if hold is None:
        return False
    if hold.state != HoldState.HELD:
        hold = _asked(desk, hold, is_new)
    return _go_on(hold, request.trip_id)


def _standing(desk: Desk, request: AuthorizeRide, method: str) -> tuple[Hold | None, bool]:
    """The trip's hold, and whether it is new: that which stands, or one that the rider was asked to confirm."""
    with desk.open_books() as books:
        must_owe_nothing(books.lock_rider(request.rider_id))
        if method == CASH or not request.amount_minor:
            return None, False
        hold = books.standing_hold(request.trip_id)
        if hold is not None and hold.rider_id != request.rider_id:
            raise ValueError(f"trip {request.trip_id} is another rider's")
        hold = hold or _taken_over(desk, books, request, method)
        if hold is None:
            return _new(desk, books, request, method), True
        if hold.state == HoldState.HELD and hold.let_go_at is None:
            # while no other request of the rider looks: what he confirmed serves one
            books.grant_hold(hold.id, request.trip_id, desk.now())
            hold = replace(hold, granted_at=desk.now())
        return hold, False


def _taken_over(desk: Desk, books: Books, request: AuthorizeRide, method: str) -> Hold | None:
    """What the rider confirmed, or was asked to, for a request that did not go through. What does not do for this
    one is let go: he asks for one ride at a time."""
    waiting = books.ungranted_holds(request.rider_id)
    fitting = [hold for hold in waiting if hold.covers(request.amount_minor, request.currency, method)]
    chosen = min(fitting, key=lambda hold: (hold.state != HoldState.HELD, hold.amount_minor), default=None)
    books.let_go_holds([hold.id for hold in waiting if hold is not chosen], desk.now())
    if chosen is None:
        return None
    books.give_hold_to(chosen.id, request.trip_id)
    return replace(chosen, trip_id=request.trip_id)


def _new(desk: Desk, books: Books, request: AuthorizeRide, method: str) -> Hold:
    hold = Hold(
        id=desk.new_id(),
        trip_id=request.trip_id,
        rider_id=request.rider_id,
        city=request.city,
        amount_minor=request.amount_minor,
        currency=request.currency,
        method=method,
        state=HoldState.PENDING,
        created_at=desk.now(),
    )
    books.add_hold(hold)
    return hold


def _asked(desk: Desk, hold: Hold, is_new: bool) -> Hold:
    """The hold as it stands after the provider was asked, and granted to its trip if it is held.

    Raises ProviderUnavailable.
    """
    provider = desk.provider
    answers: Mapping[str, HoldAnswer] = {}
    if hold.state == HoldState.PENDING:
        new, known = ([hold], []) if is_new else ([], [hold])
        answers = answers_of(
            new, known, provider.find_holds, lambda asked: provider.hold_all([_to_hold(each) for each in asked])
        )
    elif hold.state == HoldState.NEEDS_CONFIRMATION:
        # he may have confirmed it in his bank's app, and the news of it be on its way
        answers = provider.find_holds([hold.id])
    return record_holds(desk, answers, grant=(hold.id, hold.trip_id))[hold.id]


def record_holds(
    desk: Desk, answers: Mapping[str, HoldAnswer], *, grant: tuple[str, str] | None = None
) -> dict[str, Hold]:
    """Write what the provider says of holds; gives them as they stand then. `grant`: a hold that its trip goes on by
    if it is held.

    What the provider holds though we let it go is let go there too. Raises ProviderUnavailable.
    """
    at = desk.now()
    with desk.open_books() as books:
        books.resolve_holds(answers, at)
        if grant is not None:
            books.grant_hold(*grant, at)
        known = {hold.id: hold for hold in books.holds({*answers, *(grant or ())[:1]})}
    stands = {id_ for id_, answer in answers.items() if answer.state in STANDING}
    stray = [id_ for id_ in stands if id_ in known and not known[id_].stands]
    if stray:
        desk.provider.release_all(stray)
    return known


def _go_on(hold: Hold, trip_id: str) -> bool:
    """Whether a trip may go on by it. Raises PaymentDeclined, PaymentNeedsConfirmation, ProviderUnavailable."""
    if hold.state == HoldState.HELD and hold.granted_at is not None and hold.trip_id == trip_id:
        return True
    if hold.state == HoldState.DECLINED:
        raise PaymentDeclined(details={"reason": hold.reason or "declined"})
    if hold.state == HoldState.NEEDS_CONFIRMATION and hold.let_go_at is None:
        raise PaymentNeedsConfirmation(details={"confirmation_id": hold.id})
    # no answer, or let go or given to another trip at this very moment: asked again, it is another one
    raise ProviderUnavailable()


def _to_hold(hold: Hold) -> ToHold:
    return ToHold(hold.id, hold.amount_minor, hold.currency, hold.method, hold.rider_id)


# -- what a rider's bank wants of him ----------------------------------------------------------------------------------
def confirmation_state(hold: Hold) -> ConfirmationState:
    """A hold as its rider sees it."""
    if hold.state == HoldState.DECLINED:
        return ConfirmationState.DECLINED
    if hold.let_go_at is not None and hold.state != HoldState.CAPTURED:
        return ConfirmationState.OVER
    if hold.state == HoldState.NEEDS_CONFIRMATION:
        return ConfirmationState.WAITING
    return ConfirmationState.OVER if hold.state == HoldState.RELEASED else ConfirmationState.CONFIRMED


def see_confirmation(desk: Desk, rider_id: str, confirmation_id: str) -> Hold:
    """What a rider is asked to confirm, or was. Raises UnknownConfirmation; nobody learns of another one's."""
    with desk.open_books() as books:
        hold = books.hold(confirmation_id)
    if hold is None or hold.rider_id != rider_id or hold.confirmation is None:
        raise UnknownConfirmation()
    return hold


def confirm_payment(desk: Desk, request: ConfirmPayment) -> Hold:
    """The rider's yes or no; gives the hold as it stands then. The same answer again changes nothing.

    Raises UnknownConfirmation, ConfirmationOver, ProviderUnavailable.
    """
    hold = see_confirmation(desk, request.rider_id, request.confirmation_id)
    state = confirmation_state(hold)
    wanted = ConfirmationState.CONFIRMED if request.accept else ConfirmationState.DECLINED
    if state == wanted:
        return hold
    if state != ConfirmationState.WAITING:
        raise ConfirmationOver(details={"state": state.value})
    answer = desk.provider.confirm_hold(hold.id, request.accept)
    return record_holds(desk, {hold.id: answer})[hold.id]
