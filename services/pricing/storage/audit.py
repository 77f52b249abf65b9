"""What must hold of promo codes, asked of the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

MOST_NAMED = 100


@dataclass(frozen=True, slots=True)
class Question:
    """`checked`: how many there are. `breaches`: one line of words for each that breaks it."""

    name: str
    checked: str
    breaches: str


QUESTIONS = (
    Question(
        "promo_uses_are_within_limits",
        "SELECT count(*) FROM promo_codes",
        """
        SELECT format('code %s: %s uses are counted, %s are taken, the limit is %s', code, uses, taken,
                      coalesce(uses_max::text, 'none'))
          FROM promo_codes
          CROSS JOIN LATERAL (SELECT count(*) AS taken FROM promo_uses
                               WHERE promo_uses.code = promo_codes.code AND state <> 'given_back') AS counted
         WHERE taken <> uses OR taken > uses_max
        """,
    ),
    Question(
        "promo_uses_of_a_rider_are_within_limits",
        "SELECT count(*) FROM (SELECT DISTINCT code, rider_id FROM promo_uses) AS pairs",
        """
        SELECT format('code %s: rider %s has taken %s, the limit is %s', code, rider_id, count(*), uses_per_rider)
          FROM promo_uses JOIN promo_codes USING (code)
         WHERE state <> 'given_back'
         GROUP BY code, rider_id, uses_per_rider
        HAVING count(*) > uses_per_rider
        """,
    ),
    Question(
        "promo_discounts_are_what_the_code_says",
        "SELECT count(*) FROM promo_uses WHERE state <> 'given_back'",
        """
        SELECT format('trip %s: code %s took off %s %s', trip_id, code, discount_minor, promo_uses.currency)
          FROM promo_uses JOIN promo_codes USING (code)
         WHERE state <> 'given_back'
           AND (discount_minor > coalesce(amount_minor, cap_minor) OR promo_uses.currency <> promo_codes.currency)
        """,
    ),
    Question(
        "promo_uses_are_of_quotes_with_the_code",
        "SELECT count(*) FROM promo_uses JOIN quotes ON quotes.id = promo_uses.quote_id",
        """
        SELECT format('trip %s: code %s, and quote %s has %s', promo_uses.trip_id, code, quote_id,
                      coalesce(promo ->> 'code', 'none'))
          FROM promo_uses JOIN quotes ON quotes.id = promo_uses.quote_id
         WHERE promo ->> 'code' IS DISTINCT FROM code OR quotes.rider_id <> promo_uses.rider_id
        """,
    ),
    Question(
        "promo_reservations_come_to_an_end",
        "SELECT count(*) FROM promo_uses WHERE state = 'reserved'",
        """
        SELECT format('trip %s: code %s is reserved since %s', trip_id, code, reserved_at)
          FROM promo_uses
         WHERE state = 'reserved' AND reserved_at < now() - interval '1 day'
        """,
    ),
)


def ask_all(session: Session) -> list[dict[str, Any]]:
    """Each question's `{name, checked, broken, breaches}`; of the breaches the first hundred are named."""
    checks = []
    for question in QUESTIONS:
        checked = session.execute(text(question.checked)).scalar_one()
        lines = list(session.execute(text(question.breaches)).scalars())
        found = {"checked": checked, "broken": len(lines), "breaches": lines[:MOST_NAMED]}
        checks.append({"name": question.name, **found})
    return checks
