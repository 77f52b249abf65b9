"""Whatever happens in whatever order, the books are right: rides, repeats, crashes of the provider, payout runs."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hansom.contracts.payments import ProviderUnavailable
from services.payments.domain.charge import SettledRide
from services.payments.domain.methods import METHODS
from services.payments.provider.simulated import Pace, SimulatedProvider
from services.payments.usecases.charging import look_up_pending
from tests.support.money import MoneyDesk, a_ride

rides = st.builds(
    lambda fare, rider, driver, method: ("ride", (fare, f"rider-{rider}", f"driver-{driver}", method)),
    st.integers(0, 100_000),
    st.integers(0, 3),
    st.integers(0, 3),
    st.sampled_from([*METHODS, "magic_beans"]),
)
repeats = st.tuples(st.just("repeat"), st.integers(0, 20))
outages = st.tuples(st.just("outage"), st.sampled_from(["before", "after"]))
others = st.sampled_from([("night", None), ("payout", None), ("look_up", None)])
days = st.lists(st.one_of(rides, rides, repeats, outages, others), max_size=25)


class Weather:
    """The provider, which on some days does not answer: before doing what it is asked, or after."""

    def __init__(self, real: object) -> None:
        self.real, self.outage = real, ""

    def __getattr__(self, name: str) -> object:
        ask = getattr(self.real, name)
        if name not in ("charge_all", "pay_out_all") or not self.outage:
            return ask
        outage, self.outage = self.outage, ""

        def fail(wanted: object) -> None:
            if outage == "after":
                ask(wanted)
            raise ProviderUnavailable()

        return fail


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days)
def test_any_order_of_rides_repeats_outages_and_runs_leaves_books_that_balance(
    money: MoneyDesk, happenings: list[tuple[str, object]]
) -> None:
    # what is answered later is answered when it is looked at next: the provider's clock is not the test's
    real, seen = SimulatedProvider(money.store, pace=Pace(settles_after=timedelta(0))), []
    weather = Weather(real)
    money.provider = weather  # type: ignore[assignment]
    try:
        for happening in happenings:
            _happen(money, weather, seen, *happening)
    finally:
        money.provider = real
    money.now += timedelta(days=2)
    # what the provider hears of only now may be answered later too
    for _ in range(2):
        look_up_pending(money.desk, 1000)
    money.pay_out()
    assert money.one("SELECT count(*) FROM charges WHERE state = 'pending'") == 0
    assert money.breaches() == {}
    known = {row.trip_id: row.fare_minor for row in money.rows("SELECT trip_id, fare_minor FROM charges")}
    assert {ride.trip_id: ride.fare_minor for ride in seen}.items() <= known.items()


def _happen(money: MoneyDesk, weather: Weather, seen: list[SettledRide], what: str, more: object) -> None:
    try:
        if what == "ride":
            fare, rider, driver, method = more  # type: ignore[misc]
            ride = a_ride(fare, rider_id=rider, driver_id=driver, method=method, completed_at=money.now)
            seen.append(ride)
            money.charge(ride)
        elif what == "repeat" and seen:
            money.charge(*seen[-int(more) - 1 :])  # type: ignore[call-overload]
        elif what == "outage":
            weather.outage = str(more)
        elif what == "night":
            money.now += timedelta(days=1)
        elif what == "payout":
            money.pay_out()
        elif what == "look_up":
            look_up_pending(money.desk, 1000)
    except ProviderUnavailable:
        return  # it comes again, by message or by timer
