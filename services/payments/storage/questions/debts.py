"""Of debts and of what was given back."""

from __future__ import annotations

from services.payments.storage.questions.question import Question

QUESTIONS = (
    Question(
        "a failed charge is one debt of its amount, and no other charge is, nor a tip",
        "SELECT count(*) FROM charges WHERE state = 'failed' AND kind <> 'tip'",
        """SELECT 'charge ' || coalesce(c.id, d.charge_id)
             FROM (SELECT * FROM charges WHERE state = 'failed' AND kind <> 'tip') c
             FULL JOIN debts d ON d.charge_id = c.id
            WHERE c.id IS NULL OR d.charge_id IS NULL
               OR (c.fare_minor - c.discount_minor, c.currency, c.rider_id)
                  <> (d.amount_minor, d.currency, d.rider_id)""",
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
        "no charge is refunded for more than was paid, nor but through the payment that paid it",
        "SELECT count(DISTINCT charge_id) FROM refunds",
        """SELECT 'charge ' || c.id FROM charges c
             JOIN refunds r ON r.charge_id = c.id AND r.state <> 'failed'
             LEFT JOIN debt_payments d ON d.charge_id = c.id AND d.state = 'captured'
            GROUP BY c.id
           HAVING sum(r.amount_minor) > c.fare_minor - c.discount_minor
               OR bool_or(r.currency <> c.currency)
               OR bool_or(CASE WHEN r.payment_id IS NULL THEN c.state <> 'captured' OR c.method = 'cash'
                               ELSE c.state <> 'failed' OR r.payment_id IS DISTINCT FROM d.id END)""",
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
)
