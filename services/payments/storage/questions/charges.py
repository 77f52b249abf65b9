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
        "every trip has one charge, and one tip at most that did not fail",
        "SELECT count(*) FROM charges",
        """SELECT 'trip ' || trip_id FROM charges WHERE kind <> 'tip' OR state <> 'failed'
            GROUP BY trip_id, kind = 'tip' HAVING count(*) > 1""",
    ),
    Question(
        "a tip is of a ride, of the same rider and driver, and all the driver's",
        "SELECT count(*) FROM charges WHERE kind = 'tip'",
        """SELECT 'tip ' || t.id FROM charges t
             LEFT JOIN charges r ON r.trip_id = t.trip_id AND r.kind = 'ride'
            WHERE t.kind = 'tip' AND (r.id IS NULL OR t.tax_minor <> 0 OR t.fee_minor <> 0
               OR (t.rider_id, t.driver_id, t.currency) <> (r.rider_id, r.driver_id, r.currency))""",
    ),
    Question(
        "every answered charge has one receipt, but tips that failed",
        "SELECT count(*) FROM charges WHERE state = 'captured' OR (state = 'failed' AND kind <> 'tip')",
        """SELECT 'charge ' || coalesce(c.id, r.charge_id)
             FROM (SELECT id FROM charges WHERE state = 'captured' OR (state = 'failed' AND kind <> 'tip')) c
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
        "every answered charge is one line of its driver's earnings, but tips that failed",
        "SELECT count(*) FROM charges WHERE state = 'captured' OR (state = 'failed' AND kind <> 'tip')",
        """SELECT 'charge ' || coalesce(c.id, l.charge_id)
             FROM (SELECT * FROM charges WHERE state = 'captured' OR (state = 'failed' AND kind <> 'tip')) c
             FULL JOIN (SELECT * FROM payout_lines WHERE refund_id IS NULL AND charge_id IS NOT NULL) l
               ON l.charge_id = c.id
            WHERE c.id IS NULL OR l.charge_id IS NULL OR c.driver_id <> l.driver_id
               OR (c.kind, c.fare_minor, c.tax_minor, c.fee_minor) <> (l.kind, l.fare_minor, l.tax_minor, l.fee_minor)
               OR l.cash_minor <> CASE WHEN c.method = 'cash' AND c.state = 'captured'
                                       THEN c.fare_minor - c.discount_minor ELSE 0 END""",
    ),
)
