"""Of the simulated provider's own books against ours: both ways."""

from __future__ import annotations

from services.payments.storage.questions.question import Question

QUESTIONS = (
    Question(
        "the provider's charges are ours, by key, amount and outcome",
        "SELECT count(*) FROM simulated_provider.charges",
        """SELECT 'charge ' || coalesce(o.id, p.key)
             FROM (SELECT id, fare_minor - discount_minor AS to_pay, currency, state FROM charges
                    WHERE state <> 'pending' AND method <> 'cash' AND fare_minor > discount_minor
                    UNION ALL
                   SELECT id, amount_minor, currency, state FROM debt_payments WHERE state <> 'pending') o
             FULL JOIN simulated_provider.charges p ON p.key = o.id
            WHERE p.key IS NULL
               OR (o.id IS NULL AND NOT EXISTS (SELECT 1 FROM charges c WHERE c.id = p.key AND c.state = 'pending')
                   AND NOT EXISTS (SELECT 1 FROM debt_payments d WHERE d.id = p.key AND d.state = 'pending'))
               OR (o.to_pay, o.currency, o.state) <> (p.amount_minor, p.currency, p.state)""",
    ),
    Question(
        "the provider's holds are ours, by key and amount, and what we let go of or captured is so there",
        "SELECT count(*) FROM simulated_provider.holds",
        """SELECT 'hold ' || coalesce(o.id, p.key)
             FROM holds o
             FULL JOIN simulated_provider.holds p ON p.key = o.id
            WHERE o.id IS NULL
               OR (p.key IS NULL AND o.state <> 'pending' AND o.provider_reference IS NOT NULL)
               OR (o.amount_minor, o.currency, o.rider_id) <> (p.amount_minor, p.currency, p.rider_id)
               OR (o.state IN ('captured', 'released', 'declined') AND o.state <> p.state)
               OR (o.state IN ('held', 'needs_confirmation') AND p.state = 'declined')""",
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
               OR (coalesce(o.payment_id, o.charge_id), o.amount_minor, o.currency, o.state)
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
