"""The audit: questions whose answer must be empty, asked of the whole database."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from hansom.contracts.payments import Check

SHOWN = 20
"""Breaches named in an answer; all are counted."""


@dataclass(frozen=True, slots=True)
class Question:
    """`counted`: how many things are looked at. `breaches`: one text for each that breaks what `name` says."""

    name: str
    counted: str
    breaches: str


QUESTIONS = (
    Question(
        "every charge is answered within ten minutes",
        "SELECT count(*) FROM charges",
        "SELECT 'charge ' || id FROM charges WHERE state = 'pending' AND created_at < now() - interval '10 minutes'",
    ),
    Question(
        "every trip has one charge",
        "SELECT count(*) FROM charges",
        "SELECT 'trip ' || trip_id FROM charges GROUP BY trip_id HAVING count(*) > 1",
    ),
    Question(
        "every answered charge has its ride in the ledger, and its payment if it was captured",
        "SELECT count(*) FROM charges WHERE state <> 'pending' AND fare_minor > 0",
        """SELECT 'charge ' || c.id FROM charges c
             LEFT JOIN ledger_transactions r ON (r.kind, r.reference) = ('ride', c.id)
             LEFT JOIN ledger_transactions p ON (p.kind, p.reference) = ('payment', c.id)
            WHERE c.fare_minor > 0 AND ((r.id IS NOT NULL) <> (c.state <> 'pending')
               OR (p.id IS NOT NULL) <> (c.state = 'captured'))""",
    ),
    Question(
        "the ledger's amounts are the charge's",
        "SELECT count(*) FROM charges WHERE state <> 'pending' AND fare_minor > 0",
        """SELECT 'charge ' || c.id FROM charges c
             JOIN ledger_transactions t ON t.reference = c.id AND t.kind IN ('ride', 'payment')
             LEFT JOIN ledger_entries e ON e.transaction_id = t.id
              AND e.account_id = 'rider:' || c.rider_id || ':' || c.currency
            WHERE c.fare_minor > 0
            GROUP BY c.id, c.fare_minor, t.id, t.kind
           HAVING coalesce(sum(e.amount_minor), 0) <> c.fare_minor * CASE t.kind WHEN 'ride' THEN 1 ELSE -1 END""",
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
            WHERE NOT EXISTS (SELECT 1 FROM ledger_entries e WHERE e.transaction_id = t.id)
               OR (t.kind IN ('ride', 'payment') AND NOT EXISTS (SELECT 1 FROM charges c WHERE c.id = t.reference))
               OR (t.kind = 'debt_payment' AND NOT EXISTS (SELECT 1 FROM debt_payments d WHERE d.id = t.reference))
               OR (t.kind IN ('refund', 'refund_payment')
                   AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.id = t.reference))
               OR (t.kind IN ('payout', 'payout_returned')
                   AND NOT EXISTS (SELECT 1 FROM payouts p WHERE p.id = t.reference))""",
    ),
    Question(
        "what drivers are owed is the sum of their unpaid lines and reserved payouts",
        "SELECT count(*) FROM accounts WHERE kind = 'driver'",
        """WITH owed AS (
               SELECT a.owner AS driver_id, a.currency, -coalesce(sum(e.amount_minor), 0) AS minor
                 FROM accounts a LEFT JOIN ledger_entries e ON e.account_id = a.id
                WHERE a.kind = 'driver' GROUP BY a.owner, a.currency),
           lines AS (
               SELECT l.driver_id, l.currency, sum(l.amount_minor) AS minor FROM payout_lines l
                 LEFT JOIN payouts p ON p.id = l.payout_id
                WHERE p.id IS NULL OR p.state = 'reserved' GROUP BY l.driver_id, l.currency)
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
    Question(
        "a failed charge is one debt of its amount, and no other charge is",
        "SELECT count(*) FROM charges WHERE state = 'failed'",
        """SELECT 'charge ' || coalesce(c.id, d.charge_id)
             FROM (SELECT * FROM charges WHERE state = 'failed' AND fare_minor > 0) c
             FULL JOIN debts d ON d.charge_id = c.id
            WHERE c.id IS NULL OR d.charge_id IS NULL OR c.fare_minor <> d.amount_minor OR c.currency <> d.currency""",
    ),
    Question(
        "a debt is settled by one payment of its amount, which is in the ledger",
        "SELECT count(*) FROM debts",
        """SELECT 'charge ' || coalesce(d.charge_id, p.charge_id)
             FROM debts d
             FULL JOIN (SELECT * FROM debt_payments WHERE state = 'captured') p ON p.charge_id = d.charge_id
             LEFT JOIN ledger_transactions t ON (t.kind, t.reference) = ('debt_payment', p.id)
            WHERE d.charge_id IS NULL OR (d.settled_at IS NOT NULL) <> (p.id IS NOT NULL)
               OR (p.id IS NOT NULL) <> (t.id IS NOT NULL)
               OR (p.id IS NOT NULL AND (p.amount_minor, p.currency) <> (d.amount_minor, d.currency))""",
    ),
    Question(
        "every payment of a debt is answered within ten minutes",
        "SELECT count(*) FROM debt_payments",
        """SELECT 'payment ' || id FROM debt_payments
            WHERE state = 'pending' AND created_at < now() - interval '10 minutes'""",
    ),
    Question(
        "every answered charge has one receipt",
        "SELECT count(*) FROM charges WHERE state <> 'pending'",
        """SELECT 'charge ' || coalesce(c.id, r.charge_id)
             FROM (SELECT id FROM charges WHERE state <> 'pending') c
             FULL JOIN (SELECT * FROM receipts WHERE refund_id IS NULL) r ON r.charge_id = c.id
            WHERE c.id IS NULL OR r.charge_id IS NULL""",
    ),
    Question(
        "receipts are numbered without gaps in each city and year",
        "SELECT count(*) FROM receipts",
        """SELECT coalesce(n.city, r.city) || '-' || coalesce(n.year, r.year) FROM receipt_counters n
             FULL JOIN (SELECT city, year, count(*) AS issued, min(sequence) AS first, max(sequence) AS last
                          FROM receipts GROUP BY city, year) r ON (r.city, r.year) = (n.city, n.year)
            WHERE n.last IS DISTINCT FROM r.last OR r.issued IS DISTINCT FROM r.last OR r.first IS DISTINCT FROM 1""",
    ),
    Question(
        "a receipt's lines add up to its fare",
        "SELECT count(*) FROM charges",
        """SELECT 'charge ' || c.id FROM charges c
            WHERE c.fare_minor <> (SELECT coalesce(sum((line->>2)::bigint), 0)
                                     FROM jsonb_array_elements(c.lines) line)""",
    ),
    Question(
        "every answered charge is one line of its driver's earnings",
        "SELECT count(*) FROM charges WHERE state <> 'pending'",
        """SELECT 'charge ' || coalesce(c.id, l.charge_id)
             FROM (SELECT * FROM charges WHERE state <> 'pending') c
             FULL JOIN (SELECT * FROM payout_lines WHERE refund_id IS NULL AND charge_id IS NOT NULL) l
               ON l.charge_id = c.id
            WHERE c.id IS NULL OR l.charge_id IS NULL OR c.driver_id <> l.driver_id
               OR (c.fare_minor, c.tax_minor, c.fee_minor) <> (l.fare_minor, l.tax_minor, l.fee_minor)""",
    ),
    Question(
        "no charge is refunded for more than was captured",
        "SELECT count(DISTINCT charge_id) FROM refunds",
        """SELECT 'charge ' || c.id FROM charges c JOIN refunds r ON r.charge_id = c.id AND r.state <> 'failed'
            GROUP BY c.id, c.fare_minor, c.state
           HAVING sum(r.amount_minor) > c.fare_minor OR c.state <> 'captured'""",
    ),
    Question(
        "every refund is answered within ten minutes",
        "SELECT count(*) FROM refunds",
        "SELECT 'refund ' || id FROM refunds WHERE state = 'pending' AND created_at < now() - interval '10 minutes'",
    ),
    Question(
        "every refund that was made is in the ledger with its amount and its payment, and has one credit note",
        "SELECT count(*) FROM refunds",
        """SELECT 'refund ' || r.id FROM refunds r
             JOIN charges c ON c.id = r.charge_id
             LEFT JOIN receipts n ON n.refund_id = r.id
             LEFT JOIN ledger_transactions g ON (g.kind, g.reference) = ('refund', r.id)
             LEFT JOIN ledger_transactions p ON (p.kind, p.reference) = ('refund_payment', r.id)
             LEFT JOIN ledger_entries e ON e.transaction_id = g.id
              AND e.account_id = 'rider:' || c.rider_id || ':' || c.currency
            WHERE (g.id IS NOT NULL, p.id IS NOT NULL, n.id IS NOT NULL)
                  IS DISTINCT FROM (r.state = 'done', r.state = 'done', r.state = 'done')
               OR (r.state = 'done' AND e.amount_minor IS DISTINCT FROM -r.amount_minor)""",
    ),
    Question(
        "what a driver bears of a refund is one line of his earnings",
        "SELECT count(*) FROM refunds WHERE share_minor > 0",
        """SELECT 'refund ' || coalesce(r.id, l.refund_id)
             FROM (SELECT r.id, r.share_minor, c.driver_id FROM refunds r JOIN charges c ON c.id = r.charge_id
                    WHERE r.state = 'done' AND r.share_minor > 0) r
             FULL JOIN (SELECT * FROM payout_lines WHERE refund_id IS NOT NULL) l ON l.refund_id = r.id
            WHERE r.id IS NULL OR l.refund_id IS NULL OR l.amount_minor <> -r.share_minor
               OR l.driver_id <> r.driver_id""",
    ),
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

OF_SIMULATED_PROVIDER = (
    Question(
        "the provider's charges are ours, by key, amount and outcome",
        "SELECT count(*) FROM simulated_provider.charges",
        """SELECT 'charge ' || coalesce(o.id, p.key)
             FROM (SELECT id, fare_minor, currency, state FROM charges
                    WHERE state <> 'pending' AND method <> 'cash' AND fare_minor > 0
                    UNION ALL
                   SELECT id, amount_minor, currency, state FROM debt_payments WHERE state <> 'pending') o
             FULL JOIN simulated_provider.charges p ON p.key = o.id
            WHERE p.key IS NULL
               OR (o.id IS NULL AND NOT EXISTS (SELECT 1 FROM charges c WHERE c.id = p.key AND c.state = 'pending')
                   AND NOT EXISTS (SELECT 1 FROM debt_payments d WHERE d.id = p.key AND d.state = 'pending'))
               OR (o.fare_minor, o.currency, o.state) <> (p.amount_minor, p.currency, p.state)""",
    ),
    Question(
        "the provider's payouts are ours, by key and amount",
        "SELECT count(*) FROM simulated_provider.payouts",
        """SELECT 'payout ' || coalesce(o.id, p.key)
             FROM (SELECT * FROM payouts WHERE state <> 'reserved') o
             FULL JOIN simulated_provider.payouts p ON p.key = o.id
            WHERE p.key IS NULL
               OR (o.id IS NULL AND NOT EXISTS (SELECT 1 FROM payouts c WHERE c.id = p.key AND c.state = 'reserved'))
               OR (o.id IS NOT NULL AND (o.amount_minor, o.currency, o.state = 'failed')
                                      <> (p.amount_minor, p.currency, p.state = 'failed'))""",
    ),
    Question(
        "the provider's refunds are ours, by key, amount and outcome",
        "SELECT count(*) FROM simulated_provider.refunds",
        """SELECT 'refund ' || coalesce(o.id, p.key)
             FROM (SELECT * FROM refunds WHERE state <> 'pending') o
             FULL JOIN simulated_provider.refunds p ON p.key = o.id
            WHERE p.key IS NULL
               OR (o.id IS NULL AND NOT EXISTS (SELECT 1 FROM refunds c WHERE c.id = p.key AND c.state = 'pending'))
               OR (o.charge_id, o.amount_minor, o.currency, o.state)
                  <> (p.charge_key, p.amount_minor, p.currency, p.state)""",
    ),
    Question(
        "the clearing account is what the provider holds, but for what is pending",
        "SELECT count(*) FROM accounts WHERE kind = 'clearing'",
        """WITH ours AS (
               SELECT currency, sum(amount_minor) AS minor FROM ledger_entries
                WHERE account_id = 'clearing:' || currency GROUP BY currency),
           theirs AS (
               SELECT currency, sum(minor) AS minor FROM (
                   SELECT p.currency, p.amount_minor AS minor FROM simulated_provider.charges p
                     JOIN charges c ON c.id = p.key AND c.state <> 'pending' WHERE p.state = 'captured'
                   UNION ALL
                   SELECT p.currency, p.amount_minor FROM simulated_provider.charges p
                     JOIN debt_payments d ON d.id = p.key AND d.state <> 'pending' WHERE p.state = 'captured'
                   UNION ALL
                   SELECT p.currency, -p.amount_minor FROM simulated_provider.refunds p
                     JOIN refunds r ON r.id = p.key AND r.state <> 'pending' WHERE p.state = 'done'
                   UNION ALL
                   SELECT p.currency, -p.amount_minor FROM simulated_provider.payouts p
                     JOIN payouts o ON o.id = p.key AND o.state = 'sent') moved
                GROUP BY currency)
           SELECT 'clearing ' || coalesce(ours.currency, theirs.currency) FROM ours FULL JOIN theirs USING (currency)
            WHERE coalesce(ours.minor, 0) <> coalesce(theirs.minor, 0)""",
    ),
)


def audit(session: Session, provider: str) -> list[Check]:
    """Ask everything, in one snapshot that the caller opened."""
    asked = (*QUESTIONS, *(OF_SIMULATED_PROVIDER if provider == "simulated" else ()))
    return [_answer(session, question) for question in asked]


def _answer(session: Session, question: Question) -> Check:
    counted = int(session.execute(text(question.counted)).scalar_one())
    breaches = text(f"SELECT count(*) OVER () AS broken, b.* FROM ({question.breaches}) AS b(what) LIMIT {SHOWN}")
    rows = session.execute(breaches).all()
    return {
        "name": question.name,
        "checked": counted,
        "broken": rows[0].broken if rows else 0,
        "breaches": [row.what for row in rows],
    }
