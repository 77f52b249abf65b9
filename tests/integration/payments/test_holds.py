"""A fare is kept back before its ride begins: once, for that ride, and no longer than it is of use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import eventlet
import pytest
from sqlalchemy.exc import IntegrityError

from hansom.contracts.payments import (
    AuthorizeRide,
    ConfirmationOver,
    ConfirmPayment,
    DebtOpen,
    HoldState,
    PaymentDeclined,
    PaymentNeedsConfirmation,
    ProviderUnavailable,
    UnknownConfirmation,
    UnknownPaymentMethod,
)
from hansom.ids import new_id
from services.payments.usecases.holding import authorize_ride, confirm_payment, see_confirmation
from services.payments.usecases.letting_go import TripEnd, release_holds, release_let_go, tidy_holds
from tests.integration.payments.test_crashes import die
from tests.support.money import MoneyDesk, a_ride

STATES = "SELECT state FROM holds ORDER BY created_at, id"
AT_PROVIDER = "SELECT state FROM simulated_provider.holds ORDER BY number"


def a_request(amount_minor: int = 1000, method: str | None = "card_ok", **changes: Any) -> AuthorizeRide:
    known = {"trip_id": new_id(), "rider_id": "rider-1", "city": "helsinki", "currency": "EUR"}
    return AuthorizeRide(**{**known, **changes}, amount_minor=amount_minor, payment_method=method)


def states(money: MoneyDesk, of: str = STATES) -> list[str]:
    return [row.state for row in money.rows(of)]


def tidy(money: MoneyDesk, end: TripEnd | None = None, **forward: float) -> None:
    """What the timers do, so much later, when trips says this of every trip (None: trips is away)."""
    money.now += timedelta(**forward)
    tidy_holds(money.desk, lambda trips: dict.fromkeys(trips, end) if end else {})
    release_let_go(money.desk)


class _Broken(Exception):
    """Stands for the end of a process."""


@contextmanager
def broken(money: MoneyDesk, when: str) -> Iterator[None]:
    """Whoever asks for a hold ends before, or after, the provider has it."""
    real = money.provider
    money.provider = cast(Any, _Breaking(real, when))
    yield
    money.provider = real


class _Breaking:
    def __init__(self, real: Any, when: str) -> None:
        self._real, self._when = real, when

    def hold_all(self, wanted: Any) -> Any:
        if self._when == "after":
            self._real.hold_all(wanted)
        raise _Broken

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def to_confirm(money: MoneyDesk, request: AuthorizeRide) -> str:
    """Ask for a ride that is to be confirmed; gives the confirmation's id."""
    with pytest.raises(PaymentNeedsConfirmation) as refused:
        authorize_ride(money.desk, request)
    return str(refused.value.details["confirmation_id"])


# -- asking ------------------------------------------------------------------------------------------------------------
def test_a_fare_is_held_and_captured_when_the_ride_is_settled(money: MoneyDesk) -> None:
    request = a_request(1200)
    assert authorize_ride(money.desk, request)
    assert (states(money), states(money, AT_PROVIDER)) == (["held"], ["held"])
    money.charge(a_ride(1010, trip_id=request.trip_id))
    assert (states(money), states(money, AT_PROVIDER)) == (["captured"], ["captured"])
    assert money.one("SELECT charge_id FROM holds") == money.one("SELECT id FROM charges")
    assert money.one("SELECT amount_minor FROM simulated_provider.charges") == 1010
    assert money.breaches() == {}


@pytest.mark.parametrize("method", ["cash", "card_ok"])
def test_nothing_is_held_for_cash_or_for_nothing(money: MoneyDesk, method: str) -> None:
    assert not authorize_ride(money.desk, a_request(1000 if method == "cash" else 0, method))
    assert states(money) == []


def test_a_request_that_is_repeated_has_one_hold(money: MoneyDesk) -> None:
    request = a_request()
    assert all(authorize_ride(money.desk, request) for _ in range(3))
    assert (states(money), states(money, AT_PROVIDER)) == (["held"], ["held"])


@pytest.mark.parametrize("method", ["card_ok", "card_lost_answer"])
def test_ten_requests_at_once_have_one_hold(money: MoneyDesk, method: str) -> None:
    request = a_request(method=method)
    pool = eventlet.GreenPool()
    assert all(pool.imap(lambda _: authorize_ride(money.desk, request), range(10)))
    assert (states(money), states(money, AT_PROVIDER)) == (["held"], ["held"])


def test_a_card_that_does_not_bear_the_fare_is_told_and_another_one_goes(money: MoneyDesk) -> None:
    request = a_request(method="card_hold_declined")
    for _ in range(2):
        with pytest.raises(PaymentDeclined) as refused:
            authorize_ride(money.desk, request)
        assert refused.value.details == {"reason": "card_declined"}
    assert authorize_ride(money.desk, a_request())
    assert sorted(states(money)) == ["declined", "declined", "held"]


def test_who_owes_a_ride_is_held_nothing_for_the_next(money: MoneyDesk) -> None:
    money.charge(a_ride(1000, method="card_declined"))
    for method in ("card_ok", "cash"):
        with pytest.raises(DebtOpen):
            authorize_ride(money.desk, a_request(method=method))
    assert states(money) == []


def test_a_method_that_nobody_knows_is_refused(money: MoneyDesk) -> None:
    with pytest.raises(UnknownPaymentMethod):
        authorize_ride(money.desk, a_request(method="card_of_a_friend"))


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_request_cut_short_is_finished_when_it_comes_again(money: MoneyDesk, tmp_path: Path, when: str) -> None:
    request = a_request()
    die(money, tmp_path, when, "hold", [request])
    assert states(money) == ["pending"]
    assert len(states(money, AT_PROVIDER)) == (1 if when == "after" else 0)
    assert authorize_ride(money.desk, request)
    assert (states(money), states(money, AT_PROVIDER)) == (["held"], ["held"])


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_request_cut_short_that_nobody_repeats_is_let_go(money: MoneyDesk, when: str) -> None:
    with broken(money, when), pytest.raises(_Broken):
        authorize_ride(money.desk, a_request())
    tidy(money, seconds=40)
    assert states(money) == (["held"] if when == "after" else ["released"])
    tidy(money, TripEnd.UNKNOWN, seconds=120)
    assert states(money) == ["released"]
    assert set(states(money, AT_PROVIDER)) <= {"released"}


def test_a_release_cut_short_is_finished_by_the_timer(money: MoneyDesk, tmp_path: Path) -> None:
    request = a_request()
    authorize_ride(money.desk, request)
    die(money, tmp_path, "after", "release", [request.trip_id])
    assert (states(money), states(money, AT_PROVIDER)) == (["held"], ["released"])
    release_let_go(money.desk)
    assert (states(money), states(money, AT_PROVIDER)) == (["released"], ["released"])


def test_a_capture_cut_short_takes_the_fare_once(money: MoneyDesk, tmp_path: Path) -> None:
    request = a_request(1200)
    authorize_ride(money.desk, request)
    ride = a_ride(1010, trip_id=request.trip_id)
    die(money, tmp_path, "after", "charge", [ride])
    assert (states(money), money.rows("SELECT state FROM charges")) == (["held"], [("pending",)])
    money.charge(ride)
    assert (states(money), states(money, AT_PROVIDER)) == (["captured"], ["captured"])
    assert money.one("SELECT count(*) FROM simulated_provider.charges") == 1
    assert money.breaches() == {}


# -- charging ----------------------------------------------------------------------------------------------------------
def test_a_fare_above_what_is_held_is_charged_whole_and_the_hold_is_let_go(money: MoneyDesk) -> None:
    request = a_request(1000)
    authorize_ride(money.desk, request)
    money.charge(a_ride(1500, trip_id=request.trip_id))
    assert money.one("SELECT amount_minor FROM simulated_provider.charges") == 1500
    assert states(money, AT_PROVIDER) == ["released"]
    tidy(money)
    assert states(money) == ["released"]
    assert money.breaches() == {}


def test_a_hold_that_is_not_captured_after_all_leaves_a_debt(money: MoneyDesk) -> None:
    request = a_request(1010, "card_capture_fails")
    authorize_ride(money.desk, request)
    money.charge(a_ride(1010, trip_id=request.trip_id, method="card_capture_fails"))
    assert money.one("SELECT reason FROM debts") == "capture_failed"
    tidy(money)
    assert (states(money), states(money, AT_PROVIDER)) == (["released"], ["released"])


def test_a_ride_that_is_paid_in_cash_after_all_lets_its_hold_go(money: MoneyDesk) -> None:
    request = a_request()
    authorize_ride(money.desk, request)
    money.charge(a_ride(1000, trip_id=request.trip_id, method="cash"))
    tidy(money)
    assert (states(money), states(money, AT_PROVIDER)) == (["released"], ["released"])


def test_what_was_captured_is_not_released(money: MoneyDesk) -> None:
    request = a_request()
    authorize_ride(money.desk, request)
    money.charge(a_ride(1000, trip_id=request.trip_id))
    release_holds(money.desk, [request.trip_id])
    tidy(money, TripEnd.UNKNOWN, hours=1)
    assert (states(money), states(money, AT_PROVIDER)) == (["captured"], ["captured"])


# -- letting go --------------------------------------------------------------------------------------------------------
def test_what_is_let_go_can_be_asked_for_again(money: MoneyDesk) -> None:
    request = a_request()
    authorize_ride(money.desk, request)
    release_holds(money.desk, [request.trip_id, "no-trip"])
    assert (states(money), states(money, AT_PROVIDER)) == (["released"], ["released"])
    assert authorize_ride(money.desk, request)
    assert states(money) == ["released", "held"]


@pytest.mark.parametrize(
    ("end", "state"),
    [
        (TripEnd.UNKNOWN, "released"),
        (TripEnd.UNDER_WAY, "held"),
        (TripEnd.COMPLETED, "held"),
        (TripEnd.CALLED_OFF, "held"),
        (None, "held"),
    ],
)
def test_a_hold_lasts_as_long_as_its_trip_may_need_it(money: MoneyDesk, end: TripEnd | None, state: str) -> None:
    authorize_ride(money.desk, a_request())
    tidy(money, end, seconds=100)
    assert states(money) == ["held"]
    tidy(money, end, seconds=30)
    assert states(money) == [state]
    is_over = end in (TripEnd.CALLED_OFF, TripEnd.COMPLETED)
    assert money.one("SELECT ended_at IS NOT NULL FROM holds") == is_over


def test_what_is_held_for_a_trip_that_was_called_off_is_let_go_when_no_fee_comes(money: MoneyDesk) -> None:
    authorize_ride(money.desk, a_request())
    for _ in range(3):
        tidy(money, TripEnd.CALLED_OFF, seconds=125)
        assert states(money) == ["held"]
    tidy(money, TripEnd.CALLED_OFF, seconds=125)
    assert (states(money), states(money, AT_PROVIDER)) == (["released"], ["released"])


def test_a_provider_that_is_down_is_told_later(money: MoneyDesk) -> None:
    request = a_request()
    authorize_ride(money.desk, request)
    real = money.provider
    money.provider = _Down()
    release_holds(money.desk, [request.trip_id])
    assert states(money) == ["held"]
    money.provider = real
    release_let_go(money.desk)
    assert (states(money), states(money, AT_PROVIDER)) == (["released"], ["released"])


class _Down:
    """A provider that does not answer."""

    def __getattr__(self, name: str) -> Any:
        def ask(*_: Any) -> Any:
            raise ProviderUnavailable()

        return ask


# -- confirming --------------------------------------------------------------------------------------------------------
def test_a_payment_that_was_confirmed_serves_the_same_request(money: MoneyDesk) -> None:
    request = a_request(method="card_needs_confirmation")
    confirmation_id = to_confirm(money, request)
    assert to_confirm(money, request) == confirmation_id
    hold = confirm_payment(money.desk, ConfirmPayment("rider-1", confirmation_id, True))
    assert hold.state == HoldState.HELD
    assert confirm_payment(money.desk, ConfirmPayment("rider-1", confirmation_id, True)).state == HoldState.HELD
    assert authorize_ride(money.desk, request)
    money.charge(a_ride(1000, trip_id=request.trip_id, method="card_needs_confirmation"))
    assert states(money) == ["captured"]
    assert money.rows("SELECT state FROM charges") == [("captured",)]


@pytest.mark.parametrize("confirmed_first", [True, False])
def test_a_confirmation_serves_the_next_request_that_costs_no_more(money: MoneyDesk, confirmed_first: bool) -> None:
    confirmation_id = to_confirm(money, a_request(1000, "card_needs_confirmation"))
    again = a_request(900, "card_needs_confirmation")
    if not confirmed_first:
        assert to_confirm(money, again) == confirmation_id
    confirm_payment(money.desk, ConfirmPayment("rider-1", confirmation_id, True))
    assert authorize_ride(money.desk, again)
    assert len(states(money, AT_PROVIDER)) == 1
    # it is that trip's now: another one has its own
    assert to_confirm(money, a_request(900, "card_needs_confirmation")) != confirmation_id


def test_a_confirmation_of_another_amount_or_card_is_let_go_for_the_new_one(money: MoneyDesk) -> None:
    first = to_confirm(money, a_request(1000, "card_needs_confirmation"))
    second = to_confirm(money, a_request(2000, "card_needs_confirmation"))
    assert first != second
    assert authorize_ride(money.desk, a_request(2000, "card_ok"))
    release_let_go(money.desk)
    assert states(money) == ["released", "released", "held"]
    with pytest.raises(ConfirmationOver):
        confirm_payment(money.desk, ConfirmPayment("rider-1", second, True))


def test_two_requests_at_once_do_not_share_a_confirmation(money: MoneyDesk) -> None:
    confirmation_id = to_confirm(money, a_request(1000, "card_needs_confirmation"))
    confirm_payment(money.desk, ConfirmPayment("rider-1", confirmation_id, True))

    def ask(_: int) -> str:
        try:
            return "held" if authorize_ride(money.desk, a_request(1000, "card_needs_confirmation")) else "none"
        except PaymentNeedsConfirmation:
            return "asked"

    assert sorted(eventlet.GreenPool().imap(ask, range(5))).count("held") == 1


def test_a_rider_may_say_no(money: MoneyDesk) -> None:
    request = a_request(method="card_needs_confirmation")
    confirmation_id = to_confirm(money, request)
    for _ in range(2):
        hold = confirm_payment(money.desk, ConfirmPayment("rider-1", confirmation_id, False))
        assert (hold.state, hold.reason) == (HoldState.DECLINED, "confirmation_refused")
    with pytest.raises(ConfirmationOver) as over:
        confirm_payment(money.desk, ConfirmPayment("rider-1", confirmation_id, True))
    assert over.value.details == {"state": "declined"}


def test_nobody_confirms_another_ones_payment_or_one_that_needs_it_not(money: MoneyDesk) -> None:
    confirmation_id = to_confirm(money, a_request(method="card_needs_confirmation"))
    authorize_ride(money.desk, a_request(rider_id="rider-2"))
    plain = money.one("SELECT id FROM holds WHERE rider_id = 'rider-2'")
    for rider_id, id_ in (("rider-2", confirmation_id), ("rider-2", plain), ("rider-1", "unknown")):
        with pytest.raises(UnknownConfirmation):
            see_confirmation(money.desk, rider_id, id_)


@pytest.mark.parametrize("is_confirmed", [True, False])
def test_a_confirmation_that_nobody_uses_is_let_go(money: MoneyDesk, is_confirmed: bool) -> None:
    confirmation_id = to_confirm(money, a_request(method="card_needs_confirmation"))
    if is_confirmed:
        confirm_payment(money.desk, ConfirmPayment("rider-1", confirmation_id, True))
    tidy(money, TripEnd.UNKNOWN, minutes=14)
    assert states(money) != ["released"]
    tidy(money, TripEnd.UNKNOWN, minutes=2)
    assert (states(money), states(money, AT_PROVIDER)) == (["released"], ["released"])


# -- what the database forbids -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE holds SET amount_minor = 1",
        "UPDATE holds SET state = 'pending', resolved_at = NULL",
        "UPDATE holds SET trip_id = 'another'",
        "DELETE FROM holds",
        "INSERT INTO holds (id, trip_id, rider_id, city, amount_minor, currency, method, state, created_at)"
        " SELECT 'second', trip_id, rider_id, city, amount_minor, currency, method, 'pending', created_at FROM holds",
    ],
)
def test_the_database_refuses_what_a_hold_never_does(money: MoneyDesk, statement: str) -> None:
    authorize_ride(money.desk, a_request())
    with pytest.raises(IntegrityError), money.engine.begin() as owner:
        owner.exec_driver_sql(statement)
