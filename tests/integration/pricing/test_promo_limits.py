"""Limits of promo codes against the real database: whatever is asked, repeated, given back or settled, in any order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from nameko.containers import ServiceContainer
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker

from hansom.contracts.pricing import SurgeCode
from hansom.contracts.promos import DisablePromo, NewPromo, PromoKind, PromoReason, PromoRefused, ReservePromo
from hansom.store import Transactions, engine_for
from hansom.values import Point
from services.pricing.domain.quote import Errand, Quote, Route, options_of
from services.pricing.domain.reasons import no_surge
from services.pricing.domain.tariff import Tariff
from services.pricing.storage.audit import ask_all
from services.pricing.storage.promos import Promos
from services.pricing.storage.quotes import Quotes
from services.pricing.usecases import promos
from services.pricing.usecases.quoting import CityPrices

NOW = datetime.now(UTC)
SWEEP = promos.Sweep(timedelta(seconds=120))
HERE, THERE = Point(60.17, 24.94), Point(60.175, 24.95)
STANDARD = Tariff("standard", 1, datetime(2026, 1, 1, tzinfo=UTC), 390, 110, 45, 700, 100, "0.135")
CITIES = {"helsinki": CityPrices("EUR", (STANDARD,))}
TRIPS = st.integers(0, 7)
LIMITS = st.none() | st.integers(1, 4)


class Limits(RuleBasedStateMachine):
    """One code, four riders, eight trips; beside it a model: who holds and who has used it.

    Each run is one transaction of the database, each step a savepoint in it: nothing of it stays.
    """

    engine: ClassVar[Engine]

    def __init__(self) -> None:
        super().__init__()
        self.connection = self.engine.connect()
        self.transaction = self.connection.begin()
        steps = sessionmaker(self.connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
        self.store = Transactions(steps)

    @initialize(uses_max=LIMITS, uses_per_rider=LIMITS, first_ride=st.booleans())
    def make_a_code(self, uses_max: int | None, uses_per_rider: int | None, first_ride: bool) -> None:
        self.run, self.held, self.used, self.quotes = uuid4().hex, {}, {}, {}  # type: ignore[var-annotated]
        self.uses_max, self.uses_per_rider, self.first_ride, self.disabled = uses_max, uses_per_rider, first_ride, False
        self.code = f"P-{self.run[:12].upper()}"
        wanted = NewPromo(
            self.code,
            PromoKind.FIXED,
            "ops",
            amount_minor=250,
            currency="EUR",
            first_ride=first_ride,
            uses_max=uses_max,
            uses_per_rider=uses_per_rider,
        )
        with self.store.begin() as session:
            promos.create(wanted, Promos(session), CITIES, NOW)

    def trip(self, number: int) -> str:
        return f"{self.run}-{number}"

    def rider(self, trip: int) -> str:
        return f"{self.run}-rider-{trip % 4}"

    def quote(self, trip: int) -> Quote:
        """The trip's one quote, with the code in it."""
        if trip not in self.quotes:
            route = Route("helsinki", 4000, 600, (HERE, THERE))
            surge = no_surge(SurgeCode.NORMAL)
            options = options_of([STANDARD], route, surge, Errand(HERE, THERE, NOW), {})
            ends = NOW, NOW + timedelta(minutes=5)
            quote = Quote(uuid4().hex, self.rider(trip), "EUR", HERE, THERE, route, surge, options, *ends)
            with self.store.begin() as session:
                found = promos.see(self.code, Promos(session))
                quote = replace(quote, promo=found.promo)
                Quotes(session).add(quote)
            self.quotes[trip] = quote
        return self.quotes[trip]

    def expected(self, trip: int, first_ride: bool) -> PromoReason | None:
        if trip in self.used or trip in self.held:
            return None
        taken = [self.rider(other) for other in (*self.held, *self.used)]
        if self.disabled:
            return PromoReason.DISABLED
        if self.uses_per_rider is not None and taken.count(self.rider(trip)) >= self.uses_per_rider:
            return PromoReason.USED_BY_YOU
        if self.first_ride and not first_ride:
            return PromoReason.NOT_FIRST_RIDE
        return PromoReason.USED_UP if self.uses_max is not None and len(taken) >= self.uses_max else None

    @rule(trip=TRIPS, first_ride=st.booleans())
    def reserve(self, trip: int, first_ride: bool) -> None:
        quote, expected = self.quote(trip), self.expected(trip, first_ride)
        asked = ReservePromo(self.trip(trip), self.rider(trip), quote.id, "standard", first_ride)
        try:
            with self.store.begin() as session:
                use = promos.reserve(asked, Quotes(session), Promos(session), NOW, SWEEP)
        except PromoRefused as refused:
            assert refused.details["reason"] == expected
        else:
            assert expected is None and use is not None and use.code == self.code
            if trip not in self.used:
                self.held[trip] = 250

    @rule(trip=TRIPS)
    def give_back(self, trip: int) -> None:
        with self.store.begin() as session:
            given = Promos(session).give_back([self.trip(trip)], NOW)
        assert given == (1 if self.held.pop(trip, None) else 0)

    @rule(trip=TRIPS, discount=st.integers(0, 250), with_code=st.booleans())
    def settle(self, trip: int, discount: int, with_code: bool) -> None:
        if trip not in self.held and trip not in self.used:
            return  # a trip without the code
        says = (self.code, discount) if with_code else (None, 0)
        settled = promos.Settled(self.trip(trip), self.rider(trip), NOW, says)
        with self.store.begin() as session:
            promos.settle([settled, settled], Promos(session), NOW)
        if self.held.pop(trip, None) and with_code:
            self.used[trip] = discount

    @rule()
    def disable(self) -> None:
        with self.store.begin() as session:
            promos.disable(DisablePromo(self.code, "ops"), Promos(session), NOW)
        self.disabled = True

    @invariant()
    def what_is_taken_is_what_the_model_says(self) -> None:
        if not hasattr(self, "code"):
            return
        with self.store.begin() as session:
            rows = Promos(session)
            found, uses = promos.see(self.code, rows), rows.list_uses(self.code, None, 100)
        by_state = {state: {use.trip_id: use.discount_minor for use in uses if use.state == state} for state in STATES}
        assert by_state["reserved"] == {self.trip(trip): off for trip, off in self.held.items()}
        assert by_state["used"] == {self.trip(trip): off for trip, off in self.used.items()}
        assert found.uses == len(self.held) + len(self.used)
        assert self.uses_max is None or found.uses <= self.uses_max

    def teardown(self) -> None:
        try:
            with self.store.begin() as session:
                assert [check for check in ask_all(session) if check["broken"] and self.is_mine(check)] == []
        finally:
            self.transaction.rollback()
            self.connection.close()

    def is_mine(self, check: dict[str, Any]) -> bool:
        return any(self.run in line or (hasattr(self, "code") and self.code in line) for line in check["breaches"])


STATES = ("reserved", "used", "given_back")


@pytest.fixture
def engine(pricing_settings: dict[str, Any], service: ServiceContainer) -> Iterator[Engine]:
    engine = engine_for(pricing_settings, "pricing")
    yield engine
    engine.dispose()


def test_limits_hold_after_any_sequence(engine: Engine) -> None:
    Limits.engine = engine
    checks = list(HealthCheck)
    run_state_machine_as_test(
        Limits,
        settings=settings(max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=checks),
    )
