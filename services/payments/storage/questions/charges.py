"""Of charges, their receipts and their lines of earnings."""

from __future__ import annotations

from services.payments.storage.questions.question import Question

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
)
