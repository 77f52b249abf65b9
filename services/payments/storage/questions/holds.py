"""Of what is kept back on riders' cards."""

from __future__ import annotations

from services.payments.storage.questions.question import Question

QUESTIONS = (
    Question(
        "every hold is answered within ten minutes",
        "SELECT count(*) FROM holds",
        "SELECT 'hold ' || id FROM holds WHERE state = 'pending' AND created_at < now() - interval '10 minutes'",
    ),
    Question(
        "a hold that was captured is of one captured charge of its trip, rider and method, which it covers",
        "SELECT count(*) FROM holds WHERE state = 'captured'",
        """SELECT 'hold ' || h.id
             FROM (SELECT *, count(*) OVER (PARTITION BY charge_id) AS holds FROM holds WHERE state = 'captured') h
             LEFT JOIN charges c ON c.id = h.charge_id
            WHERE CASE WHEN h.charge_id IS NULL
                       -- let go of in the very moment in which its charge was taken from it
                       THEN h.resolved_at < now() - interval '10 minutes'
                       ELSE h.holds > 1 OR c.state <> 'captured' OR c.kind = 'tip'
                            OR (c.trip_id, c.rider_id, c.currency, c.method)
                               <> (h.trip_id, h.rider_id, h.currency, h.method)
                            OR c.fare_minor - c.discount_minor > h.amount_minor END""",
    ),
    Question(
        "nothing is held ten minutes after its trip was charged or over, or after it was to be let go",
        "SELECT count(*) FROM holds WHERE resolved_at IS NULL",
        """SELECT 'hold ' || h.id FROM holds h
            WHERE h.resolved_at IS NULL
              AND (least(h.let_go_at, h.ended_at) < now() - interval '10 minutes'
                   OR EXISTS (SELECT 1 FROM charges c WHERE c.trip_id = h.trip_id AND c.kind <> 'tip'
                                 AND c.resolved_at < now() - interval '10 minutes'))""",
    ),
)
