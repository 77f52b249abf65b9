"""Of the ledger: its sums, its references, and what it says that people owe and are owed."""

from __future__ import annotations

from services.payments.storage.questions.question import Question

QUESTIONS = (
    Question(
        "every answered charge is in the ledger, with its discount, and its payment if it was captured",
        "SELECT count(*) FROM charges WHERE state <> 'pending' AND fare_minor > 0",
        """SELECT 'charge ' || c.id FROM charges c
             LEFT JOIN ledger_transactions r ON (r.kind, r.reference) = (c.kind, c.id)
             LEFT JOIN ledger_transactions g ON (g.kind, g.reference) = ('promo', c.id)
             LEFT JOIN ledger_transactions p ON (p.kind, p.reference) = ('payment', c.id)
            CROSS JOIN LATERAL (SELECT c.state = 'captured' OR (c.state = 'failed' AND c.kind <> 'tip')) AS b(booked)
            WHERE (r.id IS NOT NULL) <> (b.booked AND c.fare_minor > 0)
               OR (g.id IS NOT NULL) <> (b.booked AND c.discount_minor > 0)
               OR (p.id IS NOT NULL) <> (c.state = 'captured' AND c.fare_minor > c.discount_minor)""",
    ),
    Question(
        "the ledger's amounts are the charge's",
        "SELECT count(*) FROM charges WHERE state <> 'pending' AND fare_minor > 0",
        """SELECT 'charge ' || c.id FROM charges c
             JOIN ledger_transactions t ON t.reference = c.id AND t.kind IN (c.kind, 'promo', 'payment')
             LEFT JOIN ledger_entries e ON e.transaction_id = t.id
              AND e.account_id = 'rider:' || c.rider_id || ':' || c.currency
            GROUP BY c.id, t.id, t.kind
           HAVING coalesce(sum(e.amount_minor), 0) <> CASE t.kind WHEN 'promo' THEN -c.discount_minor
                  WHEN 'payment' THEN c.discount_minor - c.fare_minor ELSE c.fare_minor END""",
    ),
    Question(
        "every ledger transaction sums to zero in each currency",
        "SELECT count(*) FROM ledger_transactions",
        """SELECT 'transaction ' || transaction_id || ' ' || currency FROM ledger_entries
            GROUP BY transaction_id, currency HAVING sum(amount_minor) <> 0""",
    ),
    Question(
        "no ledger transaction is without entries, or of a charge, refund or payout that is not there",
        "SELECT count(*) FROM ledger_transactions",
        """SELECT 'transaction ' || t.id FROM ledger_transactions t
             LEFT JOIN (SELECT DISTINCT transaction_id FROM ledger_entries) e ON e.transaction_id = t.id
             LEFT JOIN charges c ON c.id = t.reference AND (c.kind = t.kind OR t.kind IN ('promo', 'payment'))
             LEFT JOIN debt_payments d ON d.id = t.reference AND t.kind = 'debt_payment'
             LEFT JOIN refunds r ON r.id = t.reference AND t.kind IN ('refund', 'refund_payment')
             LEFT JOIN payouts p ON p.id = t.reference
              AND t.kind IN ('payout_reserved', 'payout', 'payout_failed', 'payout_returned')
            WHERE e.transaction_id IS NULL OR num_nonnulls(c.id, d.id, r.id, p.id) = 0""",
    ),
    Question(
        "every hour was closed with the sum of what was posted before its end",
        "SELECT count(*) FROM ledger_closings",
        """WITH moved AS (
               SELECT e.account_id, date_trunc('hour', t.at, 'UTC') + interval '1 hour' AS at,
                      sum(e.amount_minor) AS minor
                 FROM ledger_entries e
                 JOIN ledger_transactions t ON t.id = e.transaction_id
                 JOIN accounts a ON a.id = e.account_id AND a.owner = ''
                GROUP BY 1, 2),
           running AS (
               SELECT account_id, at, sum(minor) OVER (PARTITION BY account_id ORDER BY at) AS minor FROM moved)
           SELECT 'account ' || coalesce(c.account_id, r.account_id) || ' at ' || coalesce(c.at, r.at)
             FROM ledger_closings c
             FULL JOIN (SELECT * FROM running WHERE at <= (SELECT max(at) FROM ledger_closings)) r
               ON (r.account_id, r.at) = (c.account_id, c.at)
            WHERE c.balance_minor IS DISTINCT FROM r.minor""",
    ),
    Question(
        "what drivers are owed is the sum of their lines that no payout has taken",
        "SELECT count(*) FROM accounts WHERE kind = 'driver'",
        """WITH owed AS (
               SELECT a.owner AS driver_id, a.currency, -coalesce(sum(e.amount_minor), 0) AS minor
                 FROM accounts a LEFT JOIN ledger_entries e ON e.account_id = a.id
                WHERE a.kind = 'driver' GROUP BY a.owner, a.currency),
           lines AS (
               SELECT l.driver_id, l.currency, sum(l.amount_minor) AS minor FROM payout_lines l
                WHERE l.payout_id IS NULL
                   OR l.payout_id IN (SELECT p.id FROM payouts p WHERE p.state = 'reserved' AND NOT EXISTS (
                          SELECT 1 FROM ledger_transactions t WHERE (t.kind, t.reference) = ('payout_reserved', p.id)))
                GROUP BY l.driver_id, l.currency)
           SELECT 'driver ' || coalesce(owed.driver_id, lines.driver_id) FROM owed
             FULL JOIN lines USING (driver_id, currency)
            WHERE coalesce(owed.minor, 0) <> coalesce(lines.minor, 0)""",
    ),
    Question(
        "what riders owe is the sum of their open debts",
        "SELECT count(*) FROM accounts WHERE kind = 'rider'",
        """WITH owing AS (
               SELECT a.owner AS rider_id, a.currency, coalesce(sum(e.amount_minor), 0) AS minor
                 FROM accounts a LEFT JOIN ledger_entries e ON e.account_id = a.id
                WHERE a.kind = 'rider' GROUP BY a.owner, a.currency),
           open AS (
               SELECT rider_id, currency, sum(amount_minor) AS minor FROM debts
                WHERE settled_at IS NULL GROUP BY rider_id, currency)
           SELECT 'rider ' || coalesce(owing.rider_id, open.rider_id) FROM owing
             FULL JOIN open USING (rider_id, currency)
            WHERE coalesce(owing.minor, 0) <> coalesce(open.minor, 0)""",
    ),
)
