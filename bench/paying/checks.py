"""Whether everybody paid and got what he should: reckoned from the stories alone, held against books and provider."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from sqlalchemy import Engine, text

from bench.paying.books import Settings
from bench.paying.rides import RIDE, Story
from bench.paying.running import heard

SHOWN = 10

_CHARGES = """
    SELECT c.trip_id, c.kind, c.state, c.fare_minor, c.discount_minor, c.id, p.state AS at_provider,
           coalesce(p.amount_minor, 0) AS took_minor
      FROM charges c LEFT JOIN simulated_provider.charges p ON p.key = c.id
"""

_STRAY = """
    SELECT p.key FROM simulated_provider.charges p
     WHERE NOT EXISTS (SELECT FROM charges c WHERE c.id = p.key)
       AND NOT EXISTS (SELECT FROM debt_payments d WHERE d.id = p.key)
"""

_DRIVERS = """
    SELECT driver_id, coalesce(sum(minor), 0)::bigint FROM (
        SELECT driver_id, amount_minor AS minor FROM simulated_provider.payouts WHERE state = 'sent'
        UNION ALL
        SELECT driver_id, amount_minor FROM payout_lines WHERE payout_id IS NULL
        UNION ALL
        SELECT c.driver_id, r.share_minor FROM refunds r JOIN charges c ON c.id = r.charge_id
         WHERE r.state = 'done' AND EXISTS (SELECT FROM payout_lines l WHERE l.refund_id = r.id)) got
    GROUP BY driver_id
"""
"""What each driver has had, is still owed, and bears of refunds."""

_REFUNDED = """
    SELECT c.trip_id, sum(p.amount_minor)::bigint FROM simulated_provider.refunds p
      JOIN charges c ON c.id = p.charge_key WHERE p.state = 'done' GROUP BY c.trip_id
"""

_DEBTS = """
    SELECT c.trip_id, d.settled_at IS NOT NULL, coalesce((SELECT sum(p.amount_minor)
           FROM debt_payments a JOIN simulated_provider.charges p ON p.key = a.id AND p.state = 'captured'
          WHERE a.charge_id = d.charge_id), 0)::bigint
      FROM debts d JOIN charges c ON c.id = d.charge_id
"""


def differences(config: Settings, engine: Engine, stories: Sequence[Story]) -> dict[str, list[str]]:
    """What is not as the stories say, by what it is of; empty lists where all is. It takes all that was told."""
    with engine.connect() as connection:

        def ask(statement: str) -> list[Any]:
            return list(connection.execute(text(statement)))

        known = {story.trip_id: story for story in stories}
        found = {
            "charges": list(_charges(known, ask(_CHARGES))),
            "taken without a charge": [row.key for row in ask(_STRAY)],
            "refunds": list(_refunds(known, ask(_REFUNDED))),
            "debts": list(_debts(known, ask(_DEBTS))),
            "drivers": list(_drivers(config, stories, ask(_DRIVERS))),
            "events": list(_events(known, heard(config))),
        }
    return {name: lines[:SHOWN] for name, lines in found.items()}


def _charges(known: dict[str, Story], rows: Iterable[Any]) -> Iterator[str]:
    """One charge a trip, of the right amount, taken once or refused once; one tip where one was given."""
    main: Counter[str] = Counter()
    tips: Counter[str] = Counter()
    for row in rows:
        story = known.get(row.trip_id)
        if story is None:
            yield f"{row.trip_id}: a charge of no trip"
            continue
        tip = row.kind == "tip"
        (tips if tip else main)[row.trip_id] += 1
        state = "captured" if tip or not story.fails else "failed"
        to_pay_minor = story.tip_minor if tip else story.to_pay_minor
        asked = tip or story.method != "cash"
        due = (state, to_pay_minor, state if asked else None, to_pay_minor if asked else 0)
        is_ = (row.state, row.fare_minor - row.discount_minor, row.at_provider, row.took_minor)
        if due != is_ or (not tip and row.kind != story.kind):
            yield f"{row.trip_id} {row.kind}: due {due}, is {is_}"
    for trip_id, story in known.items():
        if (main[trip_id], tips[trip_id]) != (1, int(story.tip_minor > 0)):
            yield f"{trip_id}: {main[trip_id]} charges and {tips[trip_id]} tips"


def _refunds(known: dict[str, Story], rows: Iterable[Any]) -> Iterator[str]:
    given = dict(map(tuple, rows))
    due = {story.trip_id: story.refund_minor for story in known.values() if story.refund_minor}
    yield from _unlike(due, given)


def _debts(known: dict[str, Story], rows: Iterable[Any]) -> Iterator[str]:
    owed = {row[0]: (row[1], row[2]) for row in rows}
    due = {
        story.trip_id: (story.settles, story.to_pay_minor if story.settles else 0)
        for story in known.values()
        if story.fails
    }
    yield from _unlike(due, owed)


def _drivers(config: Settings, stories: Sequence[Story], rows: Iterable[Any]) -> Iterator[str]:
    share = Fraction(str(config["PLATFORM_FEE_SHARE"]))
    due: Counter[str] = Counter()
    for story in stories:
        due[story.driver_id] += story.drivers_part_minor(share)
    yield from _unlike(dict(due), dict(map(tuple, rows)))


def _events(known: dict[str, Story], told: Sequence[dict[str, Any]]) -> Iterator[str]:
    """What became of each trip is told once, however often its message comes."""
    by_id = {event["event_id"]: event for event in told}
    outcomes: Counter[tuple[str, str]] = Counter()
    for event in by_id.values():
        if event["type"] in ("payment_captured", "payment_failed") and event["data"].get("kind", RIDE) != "tip":
            outcomes[event["data"]["trip_id"], event["type"]] += 1
    due = {(story.trip_id, "payment_failed" if story.fails else "payment_captured"): 1 for story in known.values()}
    yield from _unlike(due, dict(outcomes))


def _unlike(due: dict[Any, Any], is_: dict[Any, Any]) -> Iterator[str]:
    for key in sorted(due.keys() | is_.keys(), key=str):
        if due.get(key) != is_.get(key):
            yield f"{key}: due {due.get(key)}, is {is_.get(key)}"


_FIGURES = {
    "charges": "SELECT count(*) FROM charges",
    "captured": "SELECT count(*) FROM charges WHERE state = 'captured'",
    "held_before": "SELECT count(*) FROM holds WHERE state = 'captured'",
    "tips": "SELECT count(*) FROM charges WHERE kind = 'tip'",
    "refunds": "SELECT count(*) FROM refunds WHERE state = 'done'",
    "debts_settled": "SELECT count(*) FROM debts WHERE settled_at IS NOT NULL",
    "payouts_sent": "SELECT count(*) FROM payouts WHERE state = 'sent'",
    "ledger_entries": "SELECT count(*) FROM ledger_entries",
    "webhooks_heard": "SELECT count(*) FROM webhooks",
}


def figures(engine: Engine) -> dict[str, int]:
    """How much there was of everything."""
    with engine.connect() as connection:
        return {name: int(connection.execute(text(asked)).scalar_one()) for name, asked in _FIGURES.items()}
