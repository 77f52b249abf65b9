"""Errors as a bug, a thief or a slip of the hand would make them, planted behind the guards' back: is each one found?

Each is planted in a transaction in which the triggers are off, audited there, and rolled back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from bench.paying.books import breaches

GUARDED = (
    "charges",
    "debts",
    "refunds",
    "accounts",
    "ledger_transactions",
    "ledger_entries",
    "receipts",
    "payouts",
    "payout_lines",
    "holds",
)

_A_RIDE = (
    "(SELECT id FROM charges WHERE kind = 'ride' AND state = 'captured' AND method = 'card_ok' "
    "AND id NOT IN (SELECT charge_id FROM refunds) ORDER BY id LIMIT 1)"
)
_A_LINE = "(SELECT min(id) FROM payout_lines WHERE charge_id IS NOT NULL AND refund_id IS NULL)"
_A_PAYOUT = "(SELECT min(id) FROM payouts WHERE state = 'sent')"
_AN_ENTRY = (
    "(SELECT min(e.id) FROM ledger_entries e JOIN ledger_transactions t ON t.id = e.transaction_id "
    "WHERE t.kind = 'ride' AND e.account_id LIKE 'driver:%')"
)

ERRORS: dict[str, str] = {
    "a card was charged twice": "INSERT INTO simulated_provider.charges (key, method, amount_minor, currency, state) "
    f"SELECT key || '-again', method, amount_minor, currency, state FROM simulated_provider.charges "
    f"WHERE key = {_A_RIDE}",
    "a card was charged a cent more": "UPDATE simulated_provider.charges SET amount_minor = amount_minor + 1 "
    f"WHERE key = {_A_RIDE}",
    "the provider has lost a charge": f"DELETE FROM simulated_provider.charges WHERE key = {_A_RIDE}",
    "the provider sent a driver his money twice": "INSERT INTO simulated_provider.payouts "
    "(key, driver_id, amount_minor, currency, state) SELECT key || '-again', driver_id, amount_minor, currency, state "
    f"FROM simulated_provider.payouts WHERE key = {_A_PAYOUT}",
    "the provider gave a refund that nobody asked for": "INSERT INTO simulated_provider.refunds "
    f"(key, charge_key, amount_minor, currency, state) VALUES ('stray', {_A_RIDE}, 100, 'EUR', 'done')",
    "a trip was charged twice": "DROP INDEX uq_charges_trip; INSERT INTO charges SELECT (jsonb_populate_record("
    "CAST(NULL AS charges), to_jsonb(c) || jsonb_build_object('id', c.id || '-again'))).* FROM charges c "
    f"WHERE c.id = {_A_RIDE}",
    "a fare was changed after it was charged": "UPDATE charges SET fare_minor = fare_minor + 1, "
    f"fee_minor = fee_minor + 1 WHERE id = {_A_RIDE}",
    "a charge was forgotten half way": "UPDATE charges SET state = 'pending', resolved_at = NULL, "
    f"created_at = now() - interval '1 hour' WHERE id = {_A_RIDE}",
    "an entry was changed": f"UPDATE ledger_entries SET amount_minor = amount_minor - 1 WHERE id = {_AN_ENTRY}",
    "an entry was deleted": f"DELETE FROM ledger_entries WHERE id = {_AN_ENTRY}",
    "a posting was deleted": "DELETE FROM ledger_entries WHERE transaction_id IN (SELECT id FROM ledger_transactions "
    f"WHERE kind = 'payment' AND reference = {_A_RIDE}); "
    f"DELETE FROM ledger_transactions WHERE kind = 'payment' AND reference = {_A_RIDE}",
    "a balanced posting of nothing": "INSERT INTO ledger_transactions (id, kind, reference, cause, at) "
    "VALUES ('forged', 'ride', 'nobody', 'nothing', now()); "
    "INSERT INTO ledger_entries (transaction_id, account_id, amount_minor, currency) "
    "VALUES ('forged', 'clearing:EUR', 100, 'EUR'), ('forged', 'revenue:EUR', -100, 'EUR')",
    "a share was booked to another driver": "INSERT INTO accounts (id, kind, owner, currency) "
    "VALUES ('driver:thief:EUR', 'driver', 'thief', 'EUR'); "
    f"UPDATE ledger_entries SET account_id = 'driver:thief:EUR' WHERE id = {_AN_ENTRY}",
    "a driver's line was made larger": "UPDATE payout_lines SET fare_minor = fare_minor + 100, "
    f"amount_minor = amount_minor + 100 WHERE id = {_A_LINE}",
    "a driver's line was given to another": f"UPDATE payout_lines SET driver_id = 'thief' WHERE id = {_A_LINE}",
    "a driver's line was lost": f"DELETE FROM payout_lines WHERE id = {_A_LINE}",
    "a payout was made larger": f"UPDATE payouts SET amount_minor = amount_minor + 100 WHERE id = {_A_PAYOUT}",
    "a payout that was sent stands as not sent": "UPDATE payouts SET state = 'failed', sent_at = NULL, "
    f"reason = 'forged' WHERE id = {_A_PAYOUT}",
    "a debt was forgiven in silence": "UPDATE debts SET settled_at = now() WHERE charge_id = "
    "(SELECT min(charge_id) FROM debts WHERE settled_at IS NULL)",
    "a refund was made larger": "UPDATE refunds SET amount_minor = amount_minor + 1, fee_minor = fee_minor + 1 "
    "WHERE id = (SELECT min(id) FROM refunds WHERE state = 'done')",
    "a receipt was torn out": f"DELETE FROM receipts WHERE charge_id = {_A_RIDE}",
    "a receipt's line was changed": "UPDATE charges SET lines = jsonb_set(lines, '{0,2}', "
    f"to_jsonb(((lines->0->>2)::bigint + 1))) WHERE id = {_A_RIDE}",
    "a discount that nobody posted": "UPDATE charges SET discount_minor = 100, promo_code = 'FORGED' "
    f"WHERE id = {_A_RIDE}",
    "a hold that is never let go": "UPDATE holds SET state = 'held', resolved_at = NULL, charge_id = NULL, "
    "let_go_at = now() - interval '1 hour' "
    "WHERE id = (SELECT min(id) FROM holds WHERE state = 'captured')",
}
"""What was done → how."""


@dataclass(frozen=True, slots=True)
class Planted:
    """`broken`: the checks that see it, and how often."""

    name: str
    broken: dict[str, int]
    rows: int


def plant_all(engine: Engine) -> Iterator[Planted]:
    """Each error alone, in books in which nothing is wrong. `rows`: 0 where there was nothing to be spoilt."""
    for name, change in ERRORS.items():
        touched: list[int] = []

        def spoil(session: Session, change: str = change, touched: list[int] = touched) -> None:
            for table in GUARDED:
                session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            for statement in change.split("; "):
                touched.append(max(0, session.execute(text(statement)).rowcount))  # type: ignore[attr-defined]

        found = breaches(engine, spoil)
        yield Planted(name, found, sum(touched))
