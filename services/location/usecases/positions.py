"""Positions of drivers: into live state, into traces, to the riders who wait for them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pymongo.errors import PyMongoError

from hansom.contracts.errors import Unavailable
from hansom.contracts.location import Move
from hansom.contracts.maps import MAX_PAIRS, PICKUP, TRIP
from hansom.segments import SegmentIndex
from services.location.domain.plausible import judge
from services.location.domain.positions import Position, believable, mark_row, point_of, trace_row
from services.location.storage.listening import Listening
from services.location.storage.live import Applied, LiveCars
from services.location.storage.marks import Marks
from services.location.storage.mongo import Traces
from services.location.storage.outgoing import Publisher
from services.location.storage.pending import Pending, PendingMove
from services.location.storage.tally import Tally
from services.location.storage.watch import Watch
from services.location.usecases.learning import Services, look_up

log = logging.getLogger(__name__)

ETA_DEADLINE_S = 1.0
RIDING = "in_progress"

ROWS_AT_ONCE = 2000
"""About 0.1 s of work. A gateway that was cut off sends its backlog in messages of 1,000."""


class MapsEtas(Protocol):
    def etas(self, payload: dict[str, Any], deadline_s: float) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Intake:
    """What positions go into, and who is asked about drivers that are not known."""

    cars: LiveCars
    index: SegmentIndex
    services: Services
    outgoing: Publisher
    pending: Pending
    watch: Watch
    marks: Marks
    listening: Listening
    tally: Tally


def take_positions(rows: Sequence[Any], now_ms: int, max_age_ms: int, intake: Intake) -> None:
    """Take a batch of rows from the queue, so many at a time that others get their turn between them.

    Safe to repeat: live state takes nothing older than it has, traces and marks keep each position once, and what
    judging has shown is kept last. Raises RedisError, BrokerUnavailable.
    """
    for first in range(0, len(rows), ROWS_AT_ONCE):
        _take(rows[first : first + ROWS_AT_ONCE], now_ms, max_age_ms, intake)


def _take(rows: Sequence[Any], now_ms: int, max_age_ms: int, intake: Intake) -> None:
    """A few script calls, at most one publish, look-ups for unknown drivers only."""
    watch, rules = intake.watch, intake.watch.rules
    usable = believable(rows, now_ms, max_age_ms, int(rules.skew_s * 1000))
    watched = watch.of({position.driver_id for position in usable}, intake.cars)
    positions, known = judge(usable, watched, watch.areas, rules)
    applied = _apply(positions, now_ms, intake)
    traced = _trace_rows(positions, applied)
    if applied.unknown:
        traced += _apply_unknown([(positions[i], rev) for i, rev in applied.unknown], now_ms, intake)
    marks = [mark_row(position) for position in positions if position.mark is not None]
    if traced or marks:
        intake.outgoing.trace(traced, marks)
    watch.keep(known)
    if usable:
        intake.listening.note(max(position.at_ms for position in usable))


def _apply(positions: Sequence[Position], now_ms: int, intake: Intake) -> Applied:
    places = [intake.index.locate(position.lat, position.lng) for position in positions]
    applied = intake.cars.apply(positions, places, now_ms, intake.watch.doubt)
    intake.tally.add(positions, applied, now_ms)
    for moved in applied.moved:
        intake.pending.put(PendingMove(moved, positions[moved.row]))
    return applied


def _trace_rows(positions: Sequence[Position], applied: Applied) -> list[list[Any]]:
    return [trace_row(trip_id, positions[i]) for i, trip_id in applied.traced]


def look_again(now_ms: int, intake: Intake) -> None:
    """Take positions of drivers who could not be looked up when they came. Raises RedisError, BrokerUnavailable."""
    if not intake.pending.may_look_up():
        return
    waiting = intake.pending.take_waiting()
    if waiting:
        revisions = intake.cars.revisions([position.driver_id for position in waiting])
        if traced := _apply_unknown(list(zip(waiting, revisions, strict=True)), now_ms, intake):
            intake.outgoing.trace(traced)


def _apply_unknown(unknown: list[tuple[Position, str]], now_ms: int, intake: Intake) -> list[list[Any]]:
    """Look up drivers of whom Redis knows nothing, as after it was emptied, and take their positions again.

    Those of whom nothing can be learnt now wait; their positions are remembered for the traces.
    """
    found = _learn({position.driver_id: rev for position, rev in unknown}, now_ms, intake)
    positions = [position for position, _ in unknown if position.driver_id in found.learned]
    intake.pending.wait(position for position, _ in unknown if position.driver_id not in found.learned)
    return found.rows + _trace_rows(positions, _apply(positions, now_ms, intake))


@dataclass(slots=True)
class _Learnt:
    """Who is known now, and rows for the traces of those on a ride."""

    learned: set[str]
    rows: list[list[Any]]


def _learn(revisions: dict[str, str], now_ms: int, intake: Intake) -> _Learnt:
    found = _Learnt(set(), [])
    if not intake.pending.may_look_up():
        return found
    try:
        for known in look_up(revisions, intake.services):
            remembered = intake.cars.learn(known, now_ms)
            found.rows += [trace_row(trip_id, position) for trip_id, position in remembered]
            found.learned.update(one.driver_id for one in known)
    except Unavailable as exc:
        intake.pending.look_up_failed()
        left = len(revisions) - len(found.learned)
        log.warning("drivers cannot be looked up", extra={"drivers": left, "error": str(exc)})
    if found.learned:
        _recall_marks(list(found.learned), now_ms, intake)
    return found


def _recall_marks(driver_ids: Sequence[str], now_ms: int, intake: Intake) -> None:
    """Who was doubtful before Redis was emptied is so again."""
    doubt = intake.watch.doubt
    try:
        marks = intake.watch.recent_marks(driver_ids, now_ms, intake.marks)
    except PyMongoError as exc:
        # positions must not wait for it; marks that come from now on count
        log.warning("marks cannot be recalled", extra={"drivers": len(driver_ids), "error": str(exc)})
        return
    intake.cars.recall(marks, now_ms, doubt)


def keep_trace_points(messages: Sequence[dict[str, Any]], traces: Traces, marks: Marks) -> None:
    """Write a batch of trace points and one of marks, a bulk write each; repeats change nothing.

    Raises PyMongoError.
    """
    traces.add([row for message in messages for row in message.get("points", ())])
    marks.add([row for message in messages for row in message.get("marks", ())])


def tell_moves(
    now_ms: int, eta_refresh_ms: int, *, cars: LiveCars, pending: Pending, maps: MapsEtas, outgoing: Publisher
) -> None:
    """Tell riders where their cars are, with the time to go: reckoned now and then, counted down between.

    One call of maps for all that are due. Without maps the last reckoning counts on. Raises BrokerUnavailable.
    """
    moves = pending.take()
    if not moves:
        return
    due = [move for move in moves if now_ms - move.moved.eta_at_ms >= eta_refresh_ms or move.moved.eta_s is None]
    fresh = _reckon(due, now_ms, cars, maps) if due else {}
    outgoing.moves([_move(move, fresh.get(move.moved.trip_id), now_ms) for move in moves])


def _reckon(due: Sequence[PendingMove], now_ms: int, cars: LiveCars, maps: MapsEtas) -> dict[str, float]:
    """Times to go by trip. Ways to a rider and rides have corrections of their own: they are asked for apart."""
    riding = [move for move in due if move.moved.state == RIDING]
    coming = [move for move in due if move.moved.state != RIDING]
    known = _times_to_go(coming, PICKUP, maps) + _times_to_go(riding, TRIP, maps)
    cars.note_etas([(move.position.driver_id, eta_s, move.moved.state == RIDING) for move, eta_s in known], now_ms)
    return {move.moved.trip_id: eta_s for move, eta_s in known}


def _times_to_go(due: Sequence[PendingMove], kind: str, maps: MapsEtas) -> list[tuple[PendingMove, float]]:
    """Seconds by road to the next stop of each of the first MAX_PAIRS; those that maps does not know are left out."""
    asked = due[:MAX_PAIRS]
    if not asked:
        return []
    pairs = [[[move.position.lat, move.position.lng], [move.moved.target.lat, move.moved.target.lng]] for move in asked]
    try:
        etas_s = maps.etas({"pairs": pairs, "kind": kind}, deadline_s=ETA_DEADLINE_S)["etas_s"]
    except Unavailable as exc:
        log.warning("times to go are not fresh", extra={"error": str(exc)})
        return []
    return [(move, eta_s) for move, eta_s in zip(asked, etas_s, strict=False) if eta_s is not None]


def _move(move: PendingMove, fresh_eta_s: float | None, now_ms: int) -> Move:
    moved, position = move.moved, move.position
    eta_s = fresh_eta_s if fresh_eta_s is not None else counted_down(moved.eta_s, moved.eta_at_ms, now_ms)
    return Move(
        moved.rider_id,
        moved.trip_id,
        point_of(position),
        position.bearing_deg,
        None if eta_s is None else round(eta_s),
    )


def counted_down(eta_s: float | None, eta_at_ms: int, now_ms: int) -> float | None:
    """What is left of a time to go that was reckoned a while ago, seconds."""
    return None if eta_s is None else max(0.0, eta_s - (now_ms - eta_at_ms) / 1000)
