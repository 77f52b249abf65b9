"""Balances of the ledger at any moment: the sum of what was posted up to it, however the hours were closed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from hansom.contracts.ledger import AccountKind, SeeBalances
from services.payments.storage.balances import balances_at, close_hours
from tests.support.money import MoneyDesk, a_ride

START = datetime(2026, 3, 2, 12, 5, tzinfo=UTC)


def balances(money: MoneyDesk, at: datetime, **wanted: object) -> dict[str, int]:
    with money.store.begin() as session:
        found = balances_at(session, SeeBalances(**wanted), at)  # type: ignore[arg-type]
    return {account.id: minor for account, minor in found}


def summed(money: MoneyDesk, at: datetime) -> dict[str, int]:
    """The plain sum of every account's entries."""
    rows = money.rows(
        """SELECT a.id, coalesce(sum(e.amount_minor) FILTER (WHERE t.at <= :at), 0) AS minor FROM accounts a
             LEFT JOIN ledger_entries e ON e.account_id = a.id
             LEFT JOIN ledger_transactions t ON t.id = e.transaction_id GROUP BY a.id""",
        at=at,
    )
    return {row.id: int(row.minor) for row in rows}


def close(money: MoneyDesk) -> int:
    with money.store.begin() as session:
        return close_hours(session, money.now)


def test_a_balance_is_what_was_posted_up_to_the_moment(money: MoneyDesk) -> None:
    money.charge(a_ride(1000))
    money.now = START + timedelta(hours=3)
    money.charge(a_ride(500, method="card_declined"))
    assert balances(money, START - timedelta(seconds=1)) == dict.fromkeys(summed(money, START), 0)
    assert balances(money, START)["driver:driver-1:EUR"] == -720
    assert balances(money, money.now)["rider:rider-1:EUR"] == 500
    assert balances(money, START, kind=AccountKind.CLEARING) == {"clearing:EUR": 1000}
    assert balances(money, money.now, owner="driver-1") == {"driver:driver-1:EUR": -1080}
    assert balances(money, money.now, currency="SEK") == {}


def test_pages_of_balances_follow_each_other(money: MoneyDesk) -> None:
    money.charge(*[a_ride(driver_id=f"driver-{n}") for n in range(5)])
    seen: list[str] = []
    while page := balances(money, START, limit=2, cursor=seen[-1] if seen else None):
        seen += page
    assert seen == sorted(summed(money, START))


def test_an_hour_is_closed_once_and_only_when_it_is_over(money: MoneyDesk) -> None:
    money.charge(a_ride(1000))
    money.now = START.replace(minute=59)
    assert close(money) == 0
    money.now = START.replace(hour=13, minute=9)
    assert close(money) == 0  # somebody may still be at it
    money.now = START.replace(hour=13, minute=10)
    assert close(money) == 3  # clearing, revenue, tax
    assert close(money) == 0
    assert money.breaches() == {}


steps = st.lists(st.tuples(st.integers(0, 200), st.integers(1, 9000), st.booleans()), min_size=1, max_size=12)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps, st.lists(st.integers(-10, 2500), max_size=4))
def test_closed_hours_change_no_balance(
    money: MoneyDesk, happenings: list[tuple[int, int, bool]], asked: list[int]
) -> None:
    money.now = START + timedelta(days=money.one("SELECT count(*) FROM ledger_closings"))
    begun = money.now
    for minutes, fare, closes in happenings:
        money.now += timedelta(minutes=minutes)
        money.charge(a_ride(fare))
        if closes:
            close(money)
    for at in [begun + timedelta(minutes=minute) for minute in asked] + [money.now]:
        assert balances(money, at) == summed(money, at)
    assert money.breaches() == {}


def test_a_wrong_closing_is_found_by_the_audit(money: MoneyDesk) -> None:
    money.charge(a_ride(1000))
    money.now += timedelta(hours=2)
    close(money)
    with money.engine.begin() as owner:
        owner.execute(text("ALTER TABLE ledger_closings DISABLE TRIGGER USER"))
        owner.execute(text("UPDATE ledger_closings SET balance_minor = balance_minor + 1 WHERE account_id = 'tax:EUR'"))
        owner.execute(text("ALTER TABLE ledger_closings ENABLE TRIGGER USER"))
    assert list(money.breaches()) == ["every hour was closed with the sum of what was posted before its end"]


@pytest.mark.parametrize("change", ["UPDATE ledger_closings SET balance_minor = 0", "DELETE FROM ledger_closings"])
def test_what_is_closed_stays_closed(money: MoneyDesk, change: str) -> None:
    money.charge(a_ride(1000))
    money.now += timedelta(hours=2)
    close(money)
    with pytest.raises(Exception, match="append-only"), money.engine.begin() as owner:
        owner.execute(text(change))
