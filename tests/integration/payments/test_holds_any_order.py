"""Whatever riders, trips, the provider and time do in whatever order: no ride goes on by a hold that is not there, and
in the end nothing is held for nothing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any, cast

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hansom.contracts.payments import (
    AuthorizeRide,
    ConfirmationOver,
    ConfirmPayment,
    DebtOpen,
    PaymentDeclined,
    PaymentNeedsConfirmation,
    ProviderUnavailable,
)
from hansom.ids import new_id
from services.payments.usecases.charging import look_up_pending
from services.payments.usecases.hearing_provider import take_news
from services.payments.usecases.holding import authorize_ride, confirm_payment
from services.payments.usecases.letting_go import TripEnd, release_holds, release_let_go, tidy_holds
from services.payments.usecases.ports import ProviderNews
from tests.support.money import MoneyDesk, a_ride

RIDERS = ("rider-1", "rider-2")
CARDS = ("card_ok", "card_lost_answer", "card_hold_declined", "card_needs_confirmation", "card_capture_fails", "cash")
TROUBLES = (None, None, None, "before", "after", "down")


class Moody:
    """The provider, of which a question may be the last thing that its asker did, or which does not answer."""

    def __init__(self, real: Any) -> None:
        self.real, self.trouble = real, cast("str | None", None)

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self.real, name)
        is_question = name in ("hold_all", "release_all", "confirm_hold", "charge_all")
        if self.trouble is None or name == "knows_method" or (self.trouble != "down" and not is_question):
            return asked

        def ask(*args: Any) -> Any:
            if self.trouble == "after":
                asked(*args)
            raise ProviderUnavailable()

        return ask


class Holds(RuleBasedStateMachine):
    """`trips`: what trips says of those that came to be, `granted` their requests; `asked`: each rider's last one."""

    def __init__(self, money: MoneyDesk, provider: Moody) -> None:
        super().__init__()
        self.money, self.provider, self.run = money, provider, new_id()
        self.trips: dict[str, TripEnd] = {}
        self.asked: dict[str, AuthorizeRide] = {}
        self.confirmations: dict[str, str] = {}
        self.granted: dict[str, AuthorizeRide] = {}

    @rule(
        rider=st.sampled_from(RIDERS),
        amount=st.sampled_from((0, 700, 1500)),
        card=st.sampled_from(CARDS),
        what=st.sampled_from(("rides", "rides", "is refused", "asks again")),
        trouble=st.sampled_from(TROUBLES),
    )
    def ask(self, rider: str, amount: int, card: str, what: str, trouble: str | None) -> None:
        request = AuthorizeRide(new_id(), f"{rider}-{self.run}", "helsinki", amount, "EUR", card)
        if what == "asks again" and rider in self.asked:
            request = self.asked[rider]
        if request.trip_id in self.trips:
            return
        self.asked[rider] = request
        try:
            is_held = self.in_trouble(trouble, lambda: authorize_ride(self.money.desk, request))
        except PaymentNeedsConfirmation as refused:
            self.confirmations[rider] = refused.details["confirmation_id"]
            return
        except (DebtOpen, PaymentDeclined, ProviderUnavailable):
            return
        assert is_held == (request.payment_method != "cash" and request.amount_minor > 0)
        under_way = [self.granted[id_] for id_, end in self.trips.items() if end is TripEnd.UNDER_WAY]
        rides = request.rider_id in {each.rider_id for each in under_way}
        if what == "is refused" or rides:
            release_holds(self.money.desk, [request.trip_id])
            return
        self.granted[request.trip_id], self.trips[request.trip_id] = request, TripEnd.UNDER_WAY

    @precondition(lambda self: self.confirmations)
    @rule(data=st.data(), accept=st.booleans(), trouble=st.sampled_from(TROUBLES))
    def answer_the_bank(self, data: st.DataObject, accept: bool, trouble: str | None) -> None:
        rider = data.draw(st.sampled_from(sorted(self.confirmations)))
        request = ConfirmPayment(f"{rider}-{self.run}", self.confirmations[rider], accept)
        try:
            self.in_trouble(trouble, lambda: confirm_payment(self.money.desk, request))
        except (ConfirmationOver, ProviderUnavailable):
            return

    @precondition(lambda self: TripEnd.UNDER_WAY in self.trips.values())
    @rule(data=st.data(), is_told=st.booleans())
    def call_off(self, data: st.DataObject, is_told: bool) -> None:
        trip_id = self.one_under_way(data)
        self.trips[trip_id] = TripEnd.CALLED_OFF
        if is_told:
            with self.money.open_books() as books:
                books.let_go([trip_id], self.money.now)

    @precondition(lambda self: TripEnd.UNDER_WAY in self.trips.values())
    @rule(data=st.data(), fare=st.sampled_from((0, 500, 2000)), trouble=st.sampled_from(TROUBLES))
    def complete(self, data: st.DataObject, fare: int, trouble: str | None) -> None:
        trip_id = self.one_under_way(data)
        self.trips[trip_id] = TripEnd.COMPLETED
        request = self.granted[trip_id]
        ride = a_ride(fare, trip_id=trip_id, rider_id=request.rider_id, method=request.payment_method)
        try:
            self.in_trouble(trouble, lambda: self.money.charge(ride))
        except ProviderUnavailable:
            return

    @rule(seconds=st.sampled_from((3, 40, 130, 400)), trouble=st.sampled_from(TROUBLES))
    def let_time_pass(self, seconds: int, trouble: str | None) -> None:
        try:
            self.in_trouble(trouble, lambda: self.run_timers(seconds))
        except ProviderUnavailable:
            return

    @rule()
    def tell_of_everything(self) -> None:
        """Messages of the provider about each hold, of which nobody knows what they are of."""
        keys = [row.key for row in self.money.rows("SELECT key FROM simulated_provider.holds")]
        take_news(self.money.desk, "simulated", [ProviderNews(new_id(), "hold", key) for key in keys])

    @invariant()
    def who_rides_by_a_hold_has_it(self) -> None:
        standing = {
            row.trip_id: row
            for row in self.money.rows(
                "SELECT h.trip_id, h.amount_minor, h.state, p.state AS there FROM holds h"
                " JOIN simulated_provider.holds p ON p.key = h.id WHERE h.resolved_at IS NULL"
            )
        }
        for trip_id, end in self.trips.items():
            request = self.granted[trip_id]
            if end is TripEnd.UNDER_WAY and request.payment_method != "cash" and request.amount_minor:
                hold = standing[trip_id]
                assert (hold.state, hold.there) == ("held", "held")
                assert hold.amount_minor >= request.amount_minor

    def teardown(self) -> None:
        """All trips end, and time passes: nothing is held, and the books are right."""
        self.trips |= {id_: TripEnd.CALLED_OFF for id_, end in self.trips.items() if end is TripEnd.UNDER_WAY}
        for seconds in (40, 130, 400, 400, 1000):
            self.run_timers(seconds)
        assert self.money.one("SELECT count(*) FROM holds WHERE resolved_at IS NULL") == 0
        held = "SELECT count(*) FROM simulated_provider.holds WHERE state IN ('held', 'needs_confirmation')"
        assert self.money.one(held) == 0
        asked = "SELECT count(*) FROM charges WHERE method <> 'cash' AND fare_minor > 0"
        assert self.money.one("SELECT count(*) FROM simulated_provider.charges") == self.money.one(asked)
        assert self.money.breaches() == {}

    def in_trouble(self, trouble: str | None, do: Any) -> Any:
        self.provider.trouble = trouble
        try:
            return do()
        finally:
            self.provider.trouble = None

    def run_timers(self, seconds: int) -> None:
        self.money.now += timedelta(seconds=seconds)
        look_up_pending(self.money.desk, 100)
        tidy_holds(self.money.desk, self.ends_of)
        release_let_go(self.money.desk)

    def ends_of(self, trip_ids: Collection[str]) -> dict[str, TripEnd]:
        return {id_: self.trips.get(id_, TripEnd.UNKNOWN) for id_ in trip_ids}

    def one_under_way(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from([id_ for id_, end in self.trips.items() if end is TripEnd.UNDER_WAY]))


def test_nobody_rides_by_a_hold_that_is_not_there_and_nothing_is_held_for_nothing(money: MoneyDesk) -> None:
    provider = Moody(money.provider)
    money.provider = cast(Any, provider)
    run_state_machine_as_test(
        lambda: Holds(money, provider),
        settings=settings(
            max_examples=8, stateful_step_count=16, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
