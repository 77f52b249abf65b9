"""Of payouts."""

from __future__ import annotations

from services.payments.storage.questions.question import Question

QUESTIONS = (
    Question(
        "every payout is the sum of its lines",
        "SELECT count(*) FROM payouts",
        """SELECT 'payout ' || p.id FROM payouts p
             LEFT JOIN (SELECT payout_id, sum(amount_minor) AS minor FROM payout_lines GROUP BY payout_id) l
               ON l.payout_id = p.id
            WHERE l.minor IS DISTINCT FROM p.amount_minor""",
    ),
    Question(
        "the ledger says of every payout where its money is: on its way, with the driver, or owed to him again",
        "SELECT count(*) FROM payouts",
        """WITH moved AS (
               SELECT t.reference AS id, bool_or(t.kind = 'payout_reserved') AS is_reserved,
                      bool_or(t.kind = 'payout') AS is_sent,
                      sum(e.amount_minor) FILTER (WHERE a.kind = 'driver' AND a.owner = p.driver_id) AS driver,
                      sum(e.amount_minor) FILTER (WHERE a.kind = 'payout') AS on_its_way,
                      sum(e.amount_minor) FILTER (WHERE a.kind = 'clearing') AS clearing,
                      bool_and(e.currency = p.currency) AS in_its_currency
                 FROM payouts p
                 JOIN ledger_transactions t ON t.reference = p.id
                  AND t.kind IN ('payout_reserved', 'payout', 'payout_failed', 'payout_returned')
                 JOIN ledger_entries e ON e.transaction_id = t.id
                 JOIN accounts a ON a.id = e.account_id
                GROUP BY t.reference)
           SELECT 'payout ' || p.id FROM payouts p LEFT JOIN moved m ON m.id = p.id
            WHERE ARRAY[coalesce(m.driver, 0), coalesce(m.on_its_way, 0), coalesce(m.clearing, 0)] <> CAST(
                  CASE WHEN p.state = 'sent' THEN ARRAY[p.amount_minor, 0, -p.amount_minor]
                       WHEN p.state = 'reserved' AND m.is_reserved THEN ARRAY[p.amount_minor, -p.amount_minor, 0]
                       ELSE ARRAY[0, 0, 0] END AS numeric[])
               OR coalesce(m.is_sent, false) <> (p.state IN ('sent', 'returned')) OR NOT m.in_its_currency""",
    ),
    Question(
        "what is on its way to drivers is the sum of reserved payouts",
        "SELECT count(*) FROM accounts WHERE kind = 'payout'",
        """WITH ours AS (
               SELECT currency, -sum(amount_minor) AS minor FROM ledger_entries
                WHERE account_id = 'payout:' || currency GROUP BY currency),
           reserved AS (
               SELECT p.currency, sum(p.amount_minor) AS minor FROM payouts p
                 JOIN ledger_transactions t ON (t.kind, t.reference) = ('payout_reserved', p.id)
                WHERE p.state = 'reserved' GROUP BY p.currency)
           SELECT 'payout account in ' || coalesce(ours.currency, reserved.currency)
             FROM ours FULL JOIN reserved USING (currency)
            WHERE coalesce(ours.minor, 0) <> coalesce(reserved.minor, 0)""",
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
