"""Whatever riders, operators and the broker do in whatever order, every balance is what a plain account of it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from hansom.contracts.payments import (
    ChargeKind,
    NothingToRefund,
    PaidInCash,
    ProviderUnavailable,
    RefundTooLarge,
    TipReason,
    TipRefused,
)
from hansom.ids import new_id
from services.payments.domain.charge import Line, SettledRide
from services.payments.domain.money_rules import Split
from services.payments.domain.refund import Borne, borne, together
from services.payments.usecases.charging import finish_charges, look_up_pending
from services.payments.usecases.refunding import finish_refunds, look_up_pending_refunds
from services.payments.usecases.settling_debts import look_up_pending_payments, settle_debts
from tests.support.money import MoneyDesk, a_ride

REFUSED, KEPT = "card_declined", "card_refund_declined"
CARDS = ("card_ok", "card_lost_answer", REFUSED, KEPT)
FEE_SHARE = 5  # a fifth
amounts = st.integers(0, 3000)
people = st.integers(0, 1)


@dataclass
class Paid:
    """What the plain account knows of one charge. `by`: the method that paid it in the end, or its debt."""

    ride: SettledRide
    answered: bool = False
    by: str | None = None
    attempt: str | None = None
    refunds: list[Borne] = field(default_factory=list)

    @property
    def to_pay(self) -> int:
        return self.ride.fare_minor - self.ride.discount_minor

    @property
    def parts(self) -> Split:
        ride = self.ride
        if ride.share_minor is None:
            fee = (2 * (ride.fare_minor - ride.tax_minor) + FEE_SHARE) // (2 * FEE_SHARE)  # half up
        else:
            fee = ride.fare_minor - ride.tax_minor - ride.share_minor
        return Split(ride.fare_minor, ride.tax_minor, fee)

    @property
    def is_debt(self) -> bool:
        return self.answered and self.by is None

    def answer(self) -> None:
        """The provider was asked, or nobody had to be."""
        if self.answered:
            return
        self.answered = True
        is_cash_of_nobody = self.ride.method == "cash" and self.ride.kind != ChargeKind.RIDE
        if not self.to_pay or (self.ride.method != REFUSED and not is_cash_of_nobody):
            self.by = str(self.ride.method)

    def resolve(self) -> None:
        """A payment of the debt was answered."""
        if self.attempt is not None and self.attempt != REFUSED:
            self.by = self.attempt
        self.attempt = None


class Weather:
    """The provider, which now and then does not answer: before doing what it is asked, or after."""

    def __init__(self, real: Any) -> None:
        self.real, self.outage = real, ""

    def __getattr__(self, name: str) -> Any:
        ask = getattr(self.real, name)
        if name not in ("charge_all", "refund_all") or not self.outage:
            return ask
        outage, self.outage = self.outage, ""

        def fail(wanted: Any) -> None:
            if outage == "after":
                ask(wanted)
            raise ProviderUnavailable()

        return fail


class Money(RuleBasedStateMachine):
    """Rides, fees, tips, debts and refunds of two riders and two drivers, and a plain account of them."""

    def __init__(self, money: MoneyDesk) -> None:
        super().__init__()
        self.money, self.real = money, money.provider
        self.weather = Weather(self.real)
        self.run = new_id()
        self.trips: dict[str, Paid] = {}
        self.tips: dict[str, Paid] = {}
        self.failed_tips = 0
        self.messages: list[SettledRide] = []
        self.refunding: list[tuple[Paid, Borne]] = []

    @initialize()
    def begin(self) -> None:
        self.money.provider = self.weather  # type: ignore[assignment]
        self.before = self._balances()
        self.told = len(self.money.told())

    # -- what happens ------------------------------------------------------------------------------------------------
    @rule(fare=amounts, off=st.integers(0, 100), rider=people, driver=people, method=st.sampled_from([*CARDS, "cash"]))
    def a_ride_is_settled(self, fare: int, off: int, rider: int, driver: int, method: str) -> None:
        ride = self._ride(fare, rider, driver, method)
        discount = fare * off // 100 if off % 3 == 0 else 0
        ride = SettledRide(**{**_fields(ride), "discount_minor": discount, "promo_code": "CODE" if discount else None})
        self._hear(ride)

    @rule(
        amount=st.integers(1, 2000), rider=people, driver=people, method=st.sampled_from([*CARDS, "cash"]),
        kind=st.sampled_from([ChargeKind.CANCELLATION, ChargeKind.NO_SHOW]),
    )  # fmt: skip
    def a_trip_is_cancelled_for_a_fee(
        self, amount: int, rider: int, driver: int, method: str, kind: ChargeKind
    ) -> None:
        ride = self._ride(amount, rider, driver, method)
        self._hear(SettledRide(**{**_fields(ride), "kind": kind, "share_minor": amount // 2}))

    @precondition(lambda self: self.messages)
    @rule(data=st.data())
    def messages_come_again_in_another_order(self, data: st.DataObject) -> None:
        again = data.draw(st.lists(st.sampled_from(self.messages), max_size=4))
        self._charge(*again)

    @precondition(lambda self: self.messages)
    @rule(data=st.data())
    def a_trip_that_was_charged_is_said_to_have_ended_otherwise(self, data: st.DataObject) -> None:
        before = data.draw(st.sampled_from(self.messages))
        kind = ChargeKind.NO_SHOW if before.kind == ChargeKind.RIDE else ChargeKind.RIDE
        self._charge(SettledRide(**{**_fields(before), "kind": kind, "share_minor": 0, "discount_minor": 0}))

    @precondition(lambda self: self.trips)
    @rule(data=st.data(), amount=st.integers(1, 500), method=st.sampled_from(CARDS))
    def a_rider_tips(self, data: st.DataObject, amount: int, method: str) -> None:
        of = self.trips[data.draw(st.sampled_from(sorted(self.trips)))]
        ride = of.ride
        expected = self._why_no_tip(of)
        if amount > ride.fare_minor and expected != TipReason.NO_TIPS:
            return  # refused by its field, whether there is a tip or not
        try:
            tip_id = self.money.begin_tip(ride.trip_id, amount, method, ride.rider_id)
        except TipRefused as refused:
            assert refused.details["reason"] == expected
            return
        assert expected is None
        tip = Paid(SettledRide(**{**_fields(ride), "fare_minor": amount, "tax_minor": 0, "share_minor": amount,
                                  "lines": (Line("tip", "Tip", amount),), "method": method, "discount_minor": 0,
                                  "promo_code": None, "kind": ChargeKind.TIP}))  # fmt: skip
        self.tips[ride.trip_id] = tip
        if self._goes_through(lambda: finish_charges(self.money.desk, [tip_id])):
            self._tip_answered(tip)

    def _why_no_tip(self, of: Paid) -> str | None:
        if of.ride.kind != ChargeKind.RIDE or not of.ride.fare_minor:
            return TipReason.NO_TIPS.value
        return TipReason.ALREADY_TIPPED.value if of.ride.trip_id in self.tips else None

    @rule(rider=people, method=st.sampled_from(CARDS))
    def a_rider_pays_his_debts(self, rider: int, method: str) -> None:
        owed = [paid for paid in self.trips.values() if paid.is_debt and paid.ride.rider_id == self._rider(rider)]
        for paid in owed:
            paid.attempt = paid.attempt or method
        if self._goes_through(lambda: settle_debts(self.money.desk, self._rider(rider), method)):
            for paid in owed:
                paid.resolve()

    @precondition(lambda self: self.trips)
    @rule(data=st.data(), amount=st.integers(1, 3000), all_of_it=st.booleans(), by_driver=st.booleans())
    def an_operator_gives_money_back(self, data: st.DataObject, amount: int, all_of_it: bool, by_driver: bool) -> None:
        known = [("trip", key) for key in sorted(self.trips)] + [("tip", key) for key in sorted(self.tips)]
        what, trip_id = data.draw(st.sampled_from(known))
        paid = self.tips[trip_id] if what == "tip" else self.trips[trip_id]
        left = paid.to_pay - together(paid.refunds).amount_minor
        wanted = left if all_of_it else amount
        try:
            refund_id = self.money.begin_refund(
                trip_id, None if all_of_it else amount, from_driver=by_driver, of_tip=what == "tip"
            )
        except NothingToRefund:
            assert not paid.answered or paid.by is None or not paid.to_pay
        except PaidInCash:
            assert paid.by == "cash"
        except RefundTooLarge:
            assert wanted > left or not left
        else:
            assert paid.answered and paid.by not in (None, "cash") and 0 < wanted <= left
            parts = borne(paid.parts, together(paid.refunds), wanted, by_driver=by_driver)
            paid.refunds.append(parts)
            self.refunding.append((paid, parts))
            if self._goes_through(lambda: finish_refunds(self.money.desk, [refund_id])):
                self._refunds_answered((paid, parts))

    @rule(when=st.sampled_from(["before", "after"]))
    def the_provider_will_not_answer(self, when: str) -> None:
        self.weather.outage = when

    @rule()
    def what_is_pending_is_looked_up(self) -> None:
        self.money.now += timedelta(minutes=1)
        if not self._goes_through(lambda: look_up_pending(self.money.desk, 1000)):
            return
        for paid in self.trips.values():
            paid.answer()
        for tip in list(self.tips.values()):
            self._tip_answered(tip)
        if self._goes_through(lambda: look_up_pending_refunds(self.money.desk, 1000)):
            self._refunds_answered(*self.refunding)
        if self._goes_through(lambda: look_up_pending_payments(self.money.desk, 1000)):
            for paid in self.trips.values():
                paid.resolve()

    # -- what must be true -------------------------------------------------------------------------------------------
    def teardown(self) -> None:
        try:
            self.weather.outage = ""
            self.what_is_pending_is_looked_up()
            assert self._moved() == self._expected()
            assert self.money.breaches() == {}
            told = Counter(type_ for type_, _ in self.money.told()[self.told :])
            answers = len(self.trips) + len(self.tips) + self.failed_tips
            assert told["payment_captured"] + told["payment_failed"] == answers
            assert told["tip_received"] == len(self.tips)
        finally:
            self.money.provider = self.real

    def _expected(self) -> dict[str, int]:
        sums: Counter[str] = Counter()
        for paid in (*self.trips.values(), *self.tips.values()):
            ride, parts, back = paid.ride, paid.parts, together(paid.refunds)
            sums[f"driver:{ride.driver_id}:EUR"] -= parts.share_minor - back.share_minor
            sums["revenue:EUR"] -= parts.fee_minor - back.fee_minor
            sums["tax:EUR"] -= parts.tax_minor - back.tax_minor
            sums["promo:EUR"] += ride.discount_minor
            if paid.by is None:
                sums[f"rider:{ride.rider_id}:EUR"] += paid.to_pay
            elif paid.by == "cash":
                sums[f"driver:{ride.driver_id}:EUR"] += paid.to_pay
            else:
                sums["clearing:EUR"] += paid.to_pay - back.amount_minor
        return {account: minor for account, minor in sums.items() if minor}

    def _moved(self) -> dict[str, int]:
        moved = self._balances()
        moved.subtract(self.before)
        return {account: minor for account, minor in moved.items() if minor}

    def _balances(self) -> Counter[str]:
        sums = "SELECT account_id, sum(amount_minor)::bigint AS minor FROM ledger_entries GROUP BY account_id"
        return Counter({row.account_id: row.minor for row in self.money.rows(sums)})

    # -- how it happens ----------------------------------------------------------------------------------------------
    def _rider(self, number: int) -> str:
        return f"rider-{number}-{self.run}"

    def _ride(self, fare: int, rider: int, driver: int, method: str) -> SettledRide:
        parties = {"rider_id": self._rider(rider), "driver_id": f"driver-{driver}-{self.run}"}
        return a_ride(fare, method=method, completed_at=self.money.now, **parties)

    def _hear(self, ride: SettledRide) -> None:
        self.messages.append(ride)
        self.trips[ride.trip_id] = Paid(ride)
        self._charge(ride)

    def _charge(self, *rides: SettledRide) -> None:
        if self._goes_through(lambda: self.money.charge(*rides)):
            for ride in rides:
                self.trips[ride.trip_id].answer()

    def _tip_answered(self, tip: Paid) -> None:
        tip.answer()
        if tip.by is None:
            del self.tips[tip.ride.trip_id]
            self.failed_tips += 1

    def _refunds_answered(self, *answered: tuple[Paid, Borne]) -> None:
        """A card to which nothing can be given back keeps what was taken from it."""
        for each in list(answered):
            paid, parts = each
            self.refunding.remove(each)
            if paid.by == KEPT:
                paid.refunds.remove(parts)

    def _goes_through(self, what: Callable[[], Any]) -> bool:
        try:
            what()
        except ProviderUnavailable:
            return False
        return True


def _fields(ride: SettledRide) -> dict[str, Any]:
    return {name: getattr(ride, name) for name in ride.__dataclass_fields__}


def test_any_sequence_of_rides_fees_tips_debts_and_refunds_leaves_the_balances_that_a_plain_account_says(
    money: MoneyDesk,
) -> None:
    run_state_machine_as_test(
        lambda: Money(money),
        settings=settings(
            max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
