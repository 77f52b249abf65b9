"""What the database itself refuses, whoever asks."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from tests.support.money import MoneyDesk, a_ride

ACCOUNTS = (
    "INSERT INTO accounts (id, kind, owner, currency) VALUES "
    "('tax:EUR', 'tax', '', 'EUR'), ('revenue:EUR', 'revenue', '', 'EUR'), ('tax:SEK', 'tax', '', 'SEK'), "
    "('revenue:SEK', 'revenue', '', 'SEK')"
)
POSTING = "INSERT INTO ledger_transactions (id, kind, reference, cause, at) VALUES ('t1', 'ride', 'c1', 'e1', now())"


def entry(account: str, minor: int, currency: str = "EUR") -> str:
    return (
        "INSERT INTO ledger_entries (transaction_id, account_id, amount_minor, currency) "
        f"VALUES ('t1', '{account}', {minor}, '{currency}')"
    )


def commit(money: MoneyDesk, *statements: str) -> None:
    """All of them, in one transaction."""
    with money.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_a_transaction_that_sums_to_zero_is_taken(money: MoneyDesk) -> None:
    commit(money, ACCOUNTS, POSTING, entry("tax:EUR", 5), entry("revenue:EUR", -5))
    assert money.one("SELECT count(*) FROM ledger_entries") == 2


@pytest.mark.parametrize(
    "entries",
    [
        [entry("tax:EUR", 5), entry("revenue:EUR", -4)],
        [entry("tax:EUR", 5)],
        [],
        [entry("tax:EUR", 5), entry("revenue:SEK", -5, "SEK")],
        [entry("tax:EUR", 5), entry("revenue:EUR", -5), entry("tax:SEK", 1, "SEK")],
    ],
    ids=["uneven", "one-sided", "empty", "across-currencies", "a-currency-left-over"],
)
def test_a_transaction_that_does_not_sum_to_zero_cannot_commit(money: MoneyDesk, entries: list[str]) -> None:
    with pytest.raises(IntegrityError, match="does not sum to zero"):
        commit(money, ACCOUNTS, POSTING, *entries)
    assert money.one("SELECT count(*) FROM ledger_transactions") == 0


def test_nothing_is_added_to_a_transaction_that_is_closed(money: MoneyDesk) -> None:
    commit(money, ACCOUNTS, POSTING, entry("tax:EUR", 5), entry("revenue:EUR", -5))
    with pytest.raises(IntegrityError, match="does not sum to zero"):
        commit(money, entry("tax:EUR", 1))


def test_an_entry_is_in_its_accounts_currency_and_never_nothing(money: MoneyDesk) -> None:
    with pytest.raises(IntegrityError, match="fk_ledger_entries_account"):
        commit(money, ACCOUNTS, POSTING, entry("tax:EUR", 5, "SEK"), entry("revenue:SEK", -5, "SEK"))
    with pytest.raises(IntegrityError, match="ck_ledger_entries_amount"):
        commit(money, ACCOUNTS, POSTING, entry("tax:EUR", 0), entry("revenue:EUR", 0))


def test_what_is_posted_of_one_charge_is_posted_once(money: MoneyDesk) -> None:
    commit(money, ACCOUNTS, POSTING, entry("tax:EUR", 5), entry("revenue:EUR", -5))
    with pytest.raises(IntegrityError, match="uq_ledger_transactions_reference"):
        commit(money, POSTING.replace("'t1'", "'t2'"))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger_entries SET amount_minor = amount_minor + 1",
        "DELETE FROM ledger_entries",
        "TRUNCATE ledger_entries",
        "UPDATE ledger_transactions SET cause = 'mine'",
        "DELETE FROM ledger_transactions",
        "TRUNCATE ledger_transactions CASCADE",
        "UPDATE accounts SET owner = 'me'",
        "UPDATE receipts SET sequence = 7",
        "DELETE FROM receipts",
        "UPDATE payout_lines SET amount_minor = amount_minor + 1, fare_minor = fare_minor + 1",
        "DELETE FROM payout_lines",
        "UPDATE charges SET state = 'failed'",
        "UPDATE charges SET fare_minor = 1",
        "DELETE FROM charges",
    ],
)
def test_what_is_written_stays_written(money: MoneyDesk, change: str) -> None:
    money.charge(a_ride())
    before = money.rows("SELECT * FROM ledger_entries ORDER BY id")
    with pytest.raises(DBAPIError):
        commit(money, change)
    assert money.rows("SELECT * FROM ledger_entries ORDER BY id") == before


def test_a_line_is_paid_out_once(money: MoneyDesk) -> None:
    money.charge(a_ride())
    assert money.pay_out(days=2) == 1
    other = (
        "INSERT INTO payouts (id, driver_id, city, currency, amount_minor, until_day, state, created_at) "
        "VALUES ('other', 'driver-1', 'helsinki', 'EUR', 1, '2026-03-02', 'reserved', now())"
    )
    with pytest.raises(DBAPIError, match="paid once"):
        commit(money, other, "UPDATE payout_lines SET payout_id = 'other'")


def test_a_second_charge_of_a_trip_is_refused(money: MoneyDesk) -> None:
    money.charge(a_ride(trip_id="trip-1"))
    copy = 'INSERT INTO charges SELECT (jsonb_populate_record(c, \'{"id": "other"}\')).* FROM charges c'
    with pytest.raises(IntegrityError, match="trip_id"):
        commit(money, copy)
