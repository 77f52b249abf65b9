"""Of payouts."""

from __future__ import annotations

from services.payments.storage.questions.question import Question

QUESTIONS = (
    Question(
        "every payout is the sum of its lines, and in the ledger once it is sent",
        "SELECT count(*) FROM payouts",
        """SELECT 'payout ' || p.id FROM payouts p
             LEFT JOIN (SELECT payout_id, sum(amount_minor) AS minor FROM payout_lines GROUP BY payout_id) l
               ON l.payout_id = p.id
             LEFT JOIN ledger_transactions t ON (t.kind, t.reference) = ('payout', p.id)
            WHERE l.minor IS DISTINCT FROM p.amount_minor OR (p.state IN ('sent', 'returned')) <> (t.id IS NOT NULL)""",
    ),
    Question(
        "a payout that failed or came back is owed again, once, and posted back if it had been sent",
        "SELECT count(*) FROM payouts WHERE state IN ('failed', 'returned')",
        """SELECT 'payout ' || coalesce(p.id, l.returned_payout_id)
             FROM (SELECT * FROM payouts WHERE state IN ('failed', 'returned')) p
             FULL JOIN (SELECT * FROM payout_lines WHERE returned_payout_id IS NOT NULL) l
               ON l.returned_payout_id = p.id
             LEFT JOIN ledger_transactions t ON (t.kind, t.reference) = ('payout_returned', p.id)
            WHERE p.id IS NULL OR l.id IS NULL OR l.amount_minor <> p.amount_minor OR l.driver_id <> p.driver_id
               OR (p.state = 'returned') <> (t.id IS NOT NULL)""",
    ),
)
