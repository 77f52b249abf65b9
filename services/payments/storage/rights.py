"""What the payments service may do to its own tables: no more than its use cases do.

Its role reads everything, since the audit does. What is not named here it may also write, change and delete; the owner
of the tables, who migrates, is another role that no running service logs in by.
"""

from __future__ import annotations

from hansom.stack.rights import Rights

APPENDED = Rights(update=False, delete=False)
"""Written once and kept for ever."""

KEPT = Rights(delete=False)
"""Kept for ever, and changed as needed."""

ANSWER = ("state", "provider_reference", "reason", "resolved_at")


def _answered(*columns: str) -> Rights:
    """Kept for ever, and only these columns of it ever change."""
    return Rights(update=columns, delete=False)


RIGHTS = {
    "accounts": APPENDED,
    "ledger_transactions": APPENDED,
    "ledger_entries": APPENDED,
    "ledger_closings": APPENDED,
    "receipts": APPENDED,
    "audits": APPENDED,
    "receipt_counters": _answered("last"),
    "charges": _answered(*ANSWER),
    "debts": _answered("settled_at"),
    "debt_payments": _answered(*ANSWER),
    "refunds": _answered("state", "provider_reference", "failure", "resolved_at"),
    "payouts": _answered("state", "provider_reference", "reason", "sent_at"),
    "payout_lines": _answered("payout_id"),
    "payout_accounts": _answered("account", "changed_at"),
    "holds": _answered(
        *ANSWER,
        "trip_id",
        "confirmation",
        "charge_id",
        "confirmed_at",
        "granted_at",
        "let_go_at",
        "ended_at",
        "checked_at",
    ),
    **dict.fromkeys((f"simulated_provider.{book}" for book in ("charges", "holds", "payouts", "refunds")), KEPT),
    "stripe_provider.asked": KEPT,
}
