"""Decision records ↔ JSON: what goes onto the queue of records, and what of it an operator is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, fields, validate

from hansom.contracts.matching import (
    AdviceReply,
    Answer,
    BatchReply,
    DecisionReply,
    DecisionsReply,
    Dropped,
    SeeWhyNoRides,
    WaitingNews,
    WaitingReply,
    WaitReply,
    WhyNoRidesReply,
)
from hansom.validation import load
from hansom.wire import Rfc3339, iso
from services.matching.domain.driver_hour import NEARBY_M, Tip
from services.matching.domain.model import Considered, WaitingTrip
from services.matching.domain.news import DriverNews
from services.matching.domain.outcome import Outcome
from services.matching.domain.pool import Answered
from services.matching.domain.summary import Asked, Look, Word, summarise
from services.matching.domain.waiting import WaitingState, WaitOver
from services.matching.explaining import Told
from services.matching.usecases import ClosedBatch

MAX_TRIPS = 20
"""Trips that a driver was looked at for in one batch which his own record names, those nearest to him."""

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""No record is older; the first years of the calendar have no hour before them."""

Row = dict[str, Any]


# -- onto the queue ----------------------------------------------------------------------------------------------------
def write_decisions(closed: ClosedBatch) -> list[Row]:
    """One record for each trip of a batch, with every driver who was looked at for it."""
    offered, refused = _offered(closed.outcome), _refused(closed.outcome)
    rows: dict[str, list[Row]] = {}
    for pair in closed.proposal.considered:
        key = (pair.trip_id, pair.driver_id)
        dropped = _dropped(pair, offered, refused)
        rows.setdefault(pair.trip_id, []).append(_considered(pair, dropped, offered.get(key)))
    about = {**_about(closed), "fallback": closed.proposal.fallback, "estimated": closed.estimated}
    return [
        {**about, **_trip(trip), "replaces": _replaces(closed, trip), "considered": rows.get(trip.trip_id, [])}
        for trip in closed.trips
    ]


def write_seen(closed: ClosedBatch) -> list[Row]:
    """One record for each driver of a batch: the trips that he was looked at for, nearest first, and what of each.

    `trips`: [trip id, `offered` or why not, his road time (s), by how much the chosen driver was ahead of him (s)].
    """
    offered, refused = _offered(closed.outcome), _refused(closed.outcome)
    chosen_s = {pair.trip_id: pair.pickup_eta_s for pair in closed.proposal.pairs}
    by_driver: dict[str, list[list[Any]]] = {}
    for pair in closed.proposal.considered:
        why = _dropped(pair, offered, refused) or "offered"
        ahead_s = chosen_s.get(pair.trip_id) if why == Dropped.ANOTHER_DRIVER else None
        behind_s = None if ahead_s is None or pair.pickup_eta_s is None else round(pair.pickup_eta_s - ahead_s, 1)
        by_driver.setdefault(pair.driver_id, []).append([pair.trip_id, why, pair.pickup_eta_s, behind_s])
    about = _about(closed)
    return [
        {**about, "driver_id": driver_id, "looked": len(trips), "trips": _nearest_first(trips)[:MAX_TRIPS]}
        for driver_id, trips in by_driver.items()
    ]


def write_answer(answered: Answered) -> Row:
    return {
        "trip_id": answered.trip_id,
        "driver_id": answered.driver_id,
        "offer_id": answered.offer_id,
        "answer": answered.answer,
        "reason": answered.reason,
        "at": answered.at,
    }


def _about(closed: ClosedBatch) -> Row:
    return {
        "batch_id": closed.moment.batch_id,
        "batch_at": closed.moment.at,
        "city": closed.dispatch.city,
        "policy": closed.proposal.policy or closed.dispatch.policy_name,
    }


def _trip(trip: WaitingTrip) -> Row:
    return {"trip_id": trip.trip_id, "waited_s": round(trip.waited_s, 1)}


def _replaces(closed: ClosedBatch, trip: WaitingTrip) -> str | None:
    """The offer that was to make way for a better one."""
    offer = closed.replaced.get(trip.trip_id)
    return offer.offer_id if offer is not None else None


def _offered(outcome: Outcome) -> dict[tuple[str, str], str]:
    return {(each.trip_id, each.driver_id): each.offer_id for each in outcome.made}


def _refused(outcome: Outcome) -> dict[tuple[str, str], str]:
    return {(each.trip_id, each.driver_id): each.reason for each in outcome.refused}


def _dropped(
    pair: Considered, offered: Mapping[tuple[str, str], str], refused: Mapping[tuple[str, str], str]
) -> str | None:
    """Why there is no offer; None when there is one."""
    key = (pair.trip_id, pair.driver_id)
    if pair.dropped is not None:
        return pair.dropped.value
    return None if key in offered else f"{Dropped.REFUSED}:{refused.get(key, 'unknown')}"


def _considered(pair: Considered, dropped: str | None, offer_id: str | None) -> Row:
    return {
        "driver_id": pair.driver_id,
        "distance_m": round(pair.distance_m, 1),
        "pickup_eta_s": pair.pickup_eta_s,
        "free_in_s": round(pair.free_in_s, 1),
        "score": round(pair.score, 2) if pair.score is not None else None,
        "parts": {name: round(seconds, 2) for name, seconds in pair.parts.items()},
        "dropped": dropped,
        "offer_id": offer_id,
    }


def _nearest_first(trips: list[list[Any]]) -> list[list[Any]]:
    return sorted(trips, key=lambda trip: (trip[1] != "offered", trip[2] is None, trip[2] or 0.0))


def write_shift(news: DriverNews) -> Row:
    return {"driver_id": news.driver_id, "online": news.online, "at_ms": news.at_ms}


def write_wait(wait: WaitOver) -> Row:
    return {**asdict(wait), "actual_s": wait.actual_s}


# -- to operators ------------------------------------------------------------------------------------------------------
def write_decisions_reply(
    trip_id: str, decisions: Sequence[Row], answers: Mapping[str, Row], waits: Sequence[Row] = ()
) -> DecisionsReply:
    """All that was decided about a trip: in words, batch by batch, and driver by driver. All rows newest first."""
    looks = [_look(decision) for decision in reversed(decisions)]
    asked = [_asked(driver_id, answer) for driver_id, answer in answers.items()]
    words = [Word(wait["about_s"], wait["actual_s"], wait["how"]) for wait in reversed(waits)]
    return {
        "trip_id": trip_id,
        "summary": summarise(looks, asked, words),
        "batches": [_batch(decision) for decision in decisions],
        "waits": [_wait(wait) for wait in waits],
        "items": _lines(decisions, answers),
    }


def _lines(decisions: Iterable[Row], answers: Mapping[str, Row]) -> list[DecisionReply]:
    """Each driver of each batch, newest batch first, and best score first within one.

    An offer whose batch was never recorded (the process died right after making it) has a line of its own.
    """
    lines: list[DecisionReply] = []
    told: set[str] = set()
    for decision in decisions:
        own = [_line(decision, row, answers) for row in decision["considered"]]
        own.sort(key=lambda line: (line["dropped"] is not None, line["score"] is None, line["score"] or 0.0))
        told.update(line["driver_id"] for line in own if line["offer_id"] is not None)
        lines.extend(own)
    for driver_id, answer in answers.items():
        if driver_id not in told:
            at = answer.get("made_at") or answer.get("answered_at")
            row = {"driver_id": driver_id, "offer_id": answer.get("offer_id")}
            lines.append(_line({"batch_at": at}, row, answers))
    return lines


def _line(decision: Row, row: Row, answers: Mapping[str, Row]) -> DecisionReply:
    answer = answers.get(row["driver_id"], {}) if row.get("offer_id") is not None or "batch_id" not in decision else {}
    return {
        "batch_id": decision.get("batch_id"),
        "batch_at": iso(decision["batch_at"]) or "",
        "policy": decision.get("policy"),
        "fallback": decision.get("fallback"),
        "driver_id": row["driver_id"],
        "distance_m": row.get("distance_m"),
        "pickup_eta_s": row.get("pickup_eta_s"),
        "free_in_s": row.get("free_in_s"),
        "score": row.get("score"),
        "parts": row.get("parts", {}),
        "dropped": row.get("dropped"),
        "offer_id": row.get("offer_id"),
        "offered_at": iso(answer.get("made_at")),
        "answer": answer.get("answer"),
        "reason": answer.get("reason") or None,
        "answered_at": iso(answer.get("answered_at")),
        "delay_s": _delay_s(answer),
    }


def _delay_s(answer: Row) -> float | None:
    """Seconds from an offer to its answer; None while either is not known."""
    made_at, answered_at = answer.get("made_at"), answer.get("answered_at")
    if made_at is None or answered_at is None:
        return None
    return round(max(0.0, (answered_at - made_at).total_seconds()), 3)


def _batch(decision: Row) -> BatchReply:
    considered = decision["considered"]
    return {
        "batch_id": decision["batch_id"],
        "batch_at": iso(decision["batch_at"]) or "",
        "policy": decision["policy"],
        "fallback": decision.get("fallback"),
        "estimated": bool(decision.get("estimated")),
        "waited_s": decision.get("waited_s"),
        "replaces": decision.get("replaces"),
        "considered": len(considered),
        "offered_to": next((row["driver_id"] for row in considered if row.get("offer_id") is not None), None),
    }


def _wait(wait: Row) -> WaitReply:
    return {
        "since": iso(wait["since"]) or "",
        "ended_at": iso(wait["ended_at"]) or "",
        "how": wait["how"],
        "wait_s": wait["wait_s"],
        "promised_at": iso(wait["promised_at"]),
        "about_s": wait["about_s"],
        "actual_s": wait["actual_s"],
    }


def _look(decision: Row) -> Look:
    considered = {row["driver_id"]: row.get("dropped") for row in decision["considered"]}
    fallback, estimated = decision.get("fallback"), bool(decision.get("estimated"))
    return Look(decision["batch_at"], decision["policy"], fallback, estimated, considered)


def _asked(driver_id: str, answer: Row) -> Asked:
    said = answer.get("answer")
    return Asked(driver_id, None if said is None else Answer(said), _delay_s(answer))


# -- to riders ---------------------------------------------------------------------------------------------------------
def write_waiting(state: WaitingState) -> WaitingReply:
    return {
        "text": state.text,
        "code": state.code,
        "car_in_s": state.car_in_s,
        "came_to_nothing": state.came_to_nothing,
        "looking_s": state.looking_s,
        "cars_near": state.cars_near,
        "busy_near": state.busy_near,
        "finishing_near": state.finishing_near,
        "about_s": state.about_s,
        "asked": state.asked,
        "since": iso(datetime.fromtimestamp(state.since_ms / 1000, UTC)) or "",
    }


def write_waiting_news(state: WaitingState) -> WaitingNews:
    return {"rider_id": state.rider_id, "trip_id": state.trip_id, **write_waiting(state)}


# -- to drivers --------------------------------------------------------------------------------------------------------
class SeeWhyNoRidesSchema(Schema):
    driver_id = fields.String(required=True)
    until = Rfc3339(load_default=None, allow_none=True, validate=validate.Range(min=EARLIEST))


_SEE_WHY_NO_RIDES = SeeWhyNoRidesSchema()


def read_see_why_no_rides(payload: Row) -> SeeWhyNoRides:
    """Raises Invalid."""
    return SeeWhyNoRides(**load(_SEE_WHY_NO_RIDES, payload))


def write_why_no_rides(command: SeeWhyNoRides, told: Told) -> WhyNoRidesReply:
    hour, explanation = told.hour, told.explanation
    answers = Counter(hour.answers)
    return {
        "driver_id": command.driver_id,
        "since": iso(hour.since) or "",
        "until": iso(hour.until) or "",
        "summary": explanation.summary,
        "what_to_do": list(explanation.advice),
        "advice": [_advice(tip) for tip in explanation.tips],
        "why_not": hour.now,
        "online_s": round(hour.online_s, 1),
        "rides": hour.rides,
        "riding_s": None if hour.riding_s is None else round(hour.riding_s, 1),
        "batches": hour.batches,
        "considered": len(hour.trips),
        "reasons": [
            {"code": each.code, "count": each.count, "nearer_s": each.nearer_s, "words": each.words}
            for each in explanation.reasons
        ],
        "offers": {
            "made": len(hour.answers),
            "accepted": answers[Answer.ACCEPTED],
            "declined": answers[Answer.DECLINED],
            "expired": answers[Answer.EXPIRED],
            "withdrawn": answers[Answer.WITHDRAWN],
            "mean_answer_s": None if hour.mean_answer_s is None else round(hour.mean_answer_s, 1),
        },
        "near": {"within_m": NEARBY_M, "requests": hour.requests, "unmet": hour.unmet},
        "missing": list(told.missing),
    }


def _advice(tip: Tip) -> AdviceReply:
    where = tip.busier
    return {
        "code": tip.code,
        "requests": where.requests if where else None,
        "distance_m": round(where.distance_m) if where else None,
        "direction": where.direction if where else None,
        "words": tip.words,
    }
