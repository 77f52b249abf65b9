"""Whatever happens to drivers' money in whatever order: what was paid, is on its way and is owed is what was earned."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from hansom.contracts.payments import ProviderUnavailable
from services.payments.domain.charge import SettledRide
from services.payments.storage.payouts import set_account
from services.payments.usecases.paying_out import run_payouts, take_back_returned
from tests.support.money import MoneyDesk, a_ride

DRIVERS = ("driver-0", "driver-1", "driver-2")
drivers = st.sampled_from(DRIVERS)

WHERE_IT_IS = """
    SELECT d.id,
           (SELECT coalesce(sum(amount_minor), 0) FROM payouts WHERE driver_id = d.id AND state = 'sent') AS paid,
           (SELECT coalesce(sum(amount_minor), 0) FROM payouts WHERE driver_id = d.id AND state = 'reserved') AS coming,
           (SELECT -coalesce(sum(amount_minor), 0) FROM ledger_entries
             WHERE account_id = 'driver:' || d.id || '\\:EUR') AS owed
      FROM unnest(CAST(:drivers AS text[])) AS d(id)
"""


class Outages:
    """The provider, which dies before or after what it is asked when told to."""

    def __init__(self, real: Any) -> None:
        self.real, self.outage = real, ""

    def pay_out_all(self, wanted: Any) -> Any:
        outage, self.outage = self.outage, ""
        if outage == "before":
            raise ProviderUnavailable()
        answers = self.real.pay_out_all(wanted)
        if outage == "after":
            raise ProviderUnavailable()
        return {} if outage == "lost" else answers

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class DriversMoney(RuleBasedStateMachine):
    """`earned` is the model: what each driver's rides brought him, less what he holds in cash and bears of refunds."""

    def __init__(self, money: MoneyDesk) -> None:
        super().__init__()
        self.money = money
        self.provider = Outages(money.provider)
        self.prefix = f"{money.one('SELECT count(*) FROM charges')}-"
        self.earned = {self.prefix + driver: 0 for driver in DRIVERS}
        self.refundable: dict[str, tuple[SettledRide, int]] = {}
        desk = MoneyDesk(money.store, money.engine, money.config, self.provider, money.now)  # type: ignore[arg-type]
        self.desk = desk
        self.fee_share = Fraction(str(money.config["PLATFORM_FEE_SHARE"]))

    @rule(driver=drivers, fare=st.integers(0, 5000), is_cash=st.booleans())
    def ride(self, driver: str, fare: int, is_cash: bool) -> None:
        method = "cash" if is_cash else "card_ok"
        ride = a_ride(fare, driver_id=self.prefix + driver, method=method, completed_at=self.desk.now)
        self.desk.charge(ride)
        self.desk.charge(ride)  # its message comes twice
        net = fare - ride.tax_minor
        fee = int(net * self.fee_share + Fraction(1, 2))
        self.earned[ride.driver_id] += net - fee - (fare if is_cash else 0)
        if fare and not is_cash:
            self.refundable[ride.trip_id] = (ride, fare)

    @precondition(lambda self: self.refundable)
    @rule(which=st.integers(0, 100), part=st.integers(1, 5000), from_driver=st.booleans())
    def refund(self, which: int, part: int, from_driver: bool) -> None:
        trip_id = sorted(self.refundable)[which % len(self.refundable)]
        ride, left = self.refundable.pop(trip_id)
        amount = min(part, left)
        refund_id = self.desk.refund(trip_id, amount, from_driver=from_driver)
        if amount < left:
            self.refundable[trip_id] = (ride, left - amount)
        borne = int(self.desk.one("SELECT share_minor FROM refunds WHERE id = :id", id=refund_id))
        assert from_driver or borne == 0
        self.earned[ride.driver_id] -= borne

    @rule(days=st.integers(1, 3))
    def nights(self, days: int) -> None:
        self.desk.now += timedelta(days=days)

    @rule(outage=st.sampled_from(["", "", "before", "after", "lost"]))
    def run(self, outage: str) -> None:
        self.provider.outage = outage
        try:
            run_payouts(self.desk.desk, None)
        except ProviderUnavailable:
            return
        finally:
            self.provider.outage = ""

    @rule(driver=drivers, account=st.sampled_from(["usual", "bank_ok", "bank_closed", "bank_returns"]))
    def account(self, driver: str, account: str) -> None:
        with self.desk.store.begin() as session:
            set_account(session, self.prefix + driver, account, self.desk.now)

    @rule()
    def bank_sends_back(self) -> None:
        take_back_returned(self.desk.desk, timedelta(days=10))

    @invariant()
    def what_was_earned_is_somewhere(self) -> None:
        found = {row.id: row for row in self.desk.rows(WHERE_IT_IS, drivers=list(self.earned))}
        where = {driver: (int(row.paid), int(row.coming), int(row.owed)) for driver, row in found.items()}
        assert {driver: sum(parts) for driver, parts in where.items()} == self.earned, where

    def teardown(self) -> None:
        """When all is well again, everybody has what he earned, but for what is too little or less than nothing."""
        for driver in DRIVERS:
            self.account(driver, "bank_ok")
        for _ in range(2):
            self.run("")
            self.bank_sends_back()
            self.nights(1)
        self.run("")
        self.what_was_earned_is_somewhere()
        for row in self.desk.rows(WHERE_IT_IS, drivers=list(self.earned)):
            assert row.coming == 0
            assert row.owed < 100  # the city's minimum
        assert self.desk.breaches() == {}
        self.money.now = self.desk.now


def test_what_was_paid_and_is_owed_is_what_was_earned(money: MoneyDesk) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        lambda: DriversMoney(money),
        settings=settings(
            max_examples=8,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        ),
    )
