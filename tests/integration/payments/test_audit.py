"""The audit finds what was done behind the service's back."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.support.money import MoneyDesk, a_ride

PLANTED = {
    "a charge left pending": (
        "UPDATE charges SET state = 'pending', resolved_at = NULL WHERE trip_id = 'card'",
        "every charge is answered within ten minutes",
    ),
    "a ride without postings": (
        "DELETE FROM ledger_entries WHERE transaction_id IN (SELECT t.id FROM ledger_transactions t "
        "JOIN charges c ON c.id = t.reference WHERE c.trip_id = 'card' AND t.kind = 'ride'); "
        "DELETE FROM ledger_transactions WHERE kind = 'ride' "
        "AND reference = (SELECT id FROM charges WHERE trip_id = 'card')",
        "every answered charge is in the ledger, with its discount, and its payment if it was captured",
    ),
    "an amount changed": (
        "UPDATE ledger_entries SET amount_minor = amount_minor + 1 WHERE account_id = 'clearing:EUR'",
        "every ledger transaction sums to zero in each currency",
    ),
    "money moved to another driver": (
        "INSERT INTO accounts VALUES ('driver:thief:EUR', 'driver', 'thief', 'EUR'); "
        "UPDATE ledger_entries SET account_id = 'driver:thief:EUR' WHERE account_id = 'driver:driver-1:EUR' "
        "AND amount_minor = -720",
        "what drivers are owed is the sum of their lines that no payout has taken",
    ),
    "entries deleted": (
        "DELETE FROM ledger_entries WHERE account_id = 'tax:EUR'",
        "every ledger transaction sums to zero in each currency",
    ),
    "a posting of nothing that exists": (
        "INSERT INTO ledger_transactions VALUES ('x', 'ride', 'nobody', 'e', now())",
        "no ledger transaction is without entries, or of a charge, refund or payout that is not there",
    ),
    "a debt forgiven in silence": (
        "DELETE FROM debts",
        "a failed charge is one debt of its amount, and no other charge is, nor a tip",
    ),
    "a debt settled without payment": (
        "UPDATE debts SET settled_at = now()",
        "what riders owe is the sum of their open debts",
    ),
    "a debt settled by nothing": (
        "UPDATE debts SET settled_at = now()",
        "a debt is settled by one payment of its amount, which is in the ledger",
    ),
    "a receipt torn out": (
        "DELETE FROM receipts WHERE sequence = 1",
        "receipts are numbered without gaps in each city and year",
    ),
    "a receipt missing": (
        "DELETE FROM receipts WHERE sequence = 2",
        "every answered charge has one receipt, but tips that failed",
    ),
    "a receipt of another sum": (
        """UPDATE charges SET lines = '[["fare", "Fare", 1]]' WHERE trip_id = 'card'""",
        "a receipt's lines add up to its fare",
    ),
    "earnings lost": (
        "DELETE FROM payout_lines WHERE trip_id = 'declined'",
        "every answered charge is one line of its driver's earnings, but tips that failed",
    ),
    "a payout made larger": (
        "UPDATE payouts SET amount_minor = amount_minor + 100",
        "every payout is the sum of its lines",
    ),
    "a payout sent that was not": (
        "UPDATE payouts SET state = 'reserved', sent_at = NULL",
        "the ledger says of every payout where its money is: on its way, with the driver, or owed to him again",
    ),
    "money on its way to nobody": (
        "UPDATE ledger_entries SET account_id = 'payout:EUR' WHERE account_id = 'revenue:EUR'",
        "what is on its way to drivers is the sum of reserved payouts",
    ),
    "a payout that came back and is owed to nobody": (
        "UPDATE payouts SET state = 'returned'",
        "a payout that failed or came back is owed again, once, and posted back if it had been sent",
    ),
    "a refund made larger": (
        "UPDATE refunds SET amount_minor = amount_minor + 1, fee_minor = fee_minor + 1",
        "every refund that was made is in the ledger with its amount and its payment, and has one credit note",
    ),
    "a refund of more than was paid": (
        "UPDATE refunds SET amount_minor = 501, fee_minor = 501 - tax_minor - share_minor",
        "no charge is refunded for more than was paid, nor but through the payment that paid it",
    ),
    "a credit note torn out": (
        "DELETE FROM receipts WHERE refund_id IS NOT NULL",
        "every refund that was made is in the ledger with its amount and its payment, and has one credit note",
    ),
    "a driver who was spared his part of a refund": (
        "DELETE FROM payout_lines WHERE refund_id IS NOT NULL",
        "what a driver bears of a refund is one line of his earnings",
    ),
    "a refund that only the provider knows": (
        "INSERT INTO simulated_provider.refunds (key, charge_key, amount_minor, currency, state) "
        "VALUES ('double', 'x', 100, 'EUR', 'done')",
        "the provider's refunds are ours, by key, amount and outcome",
    ),
    "a refund that nobody sent": (
        "DELETE FROM simulated_provider.refunds",
        "the clearing account is what the provider holds, but for what is pending",
    ),
    "a charge that the provider does not know": (
        "DELETE FROM simulated_provider.charges WHERE state = 'captured'",
        "the provider's charges are ours, by key, amount and outcome",
    ),
    "a charge that only the provider knows": (
        "INSERT INTO simulated_provider.charges (key, method, amount_minor, currency, state) "
        "VALUES ('double', 'card_ok', 1000, 'EUR', 'captured')",
        "the provider's charges are ours, by key, amount and outcome",
    ),
    "a payout that only the provider knows": (
        "INSERT INTO simulated_provider.payouts (key, driver_id, amount_minor, currency, state) "
        "VALUES ('double', 'driver-1', 720, 'EUR', 'sent')",
        "the provider's payouts are ours, by key and amount",
    ),
    "a provider that took more than we think": (
        "UPDATE simulated_provider.charges SET amount_minor = amount_minor + 1 WHERE state = 'captured'",
        "the clearing account is what the provider holds, but for what is pending",
    ),
}


@pytest.fixture
def busy(money: MoneyDesk) -> MoneyDesk:
    """Rides of all kinds, one day paid out, and part of a fare given back."""
    money.charge(a_ride(500, trip_id="old"))
    money.pay_out(days=2)
    money.charge(
        a_ride(1000, trip_id="card"),
        a_ride(1000, trip_id="cash", method="cash", driver_id="driver-2"),
        a_ride(2000, trip_id="declined", method="card_declined", driver_id="driver-3"),
    )
    money.refund("old", 100, from_driver=True)
    return money


def test_books_in_order_have_no_breach(busy: MoneyDesk) -> None:
    assert busy.breaches() == {}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_error_is_found(busy: MoneyDesk, name: str) -> None:
    change, check = PLANTED[name]
    _behind_the_guards(busy, change)
    assert check in busy.breaches()


def _behind_the_guards(money: MoneyDesk, change: str) -> None:
    tables = ("charges", "refunds", "ledger_entries", "ledger_transactions", "receipts", "payout_lines", "accounts")
    with money.engine.begin() as connection:
        for table in tables:
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        for statement in change.split("; "):
            connection.execute(text(statement))
    with money.engine.begin() as connection:
        for table in tables:
            connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
