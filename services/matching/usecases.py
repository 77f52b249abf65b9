"""What matching does, one function a verb."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from hansom.contracts.matching import DecisionReply, SeeDecisions
from services.matching import schemas
from services.matching.domain.model import Batch, FreeDriver, Policy, Proposal, Rules, WaitingTrip
from services.matching.domain.news import OFFER_SLACK_MS, News, effects_of
from services.matching.domain.outcome import Outcome
from services.matching.domain.pool import Change, Exclude, Open, OpenOffer, PoolView
from services.matching.domain.tables import plan_tables, road_times
from services.matching.storage.mongo import DecisionRecords
from services.matching.storage.redis import WaitingPool

RECORDS_A_MESSAGE = 50
"""Decisions sent in one message: about 250 kB with 30 drivers each."""


class Calls(Protocol):
    """A client of another service."""

    def call(self, method: str, payload: dict[str, Any], deadline_s: float | None = None) -> dict[str, Any]: ...

    def call_async(self, method: str, payload: dict[str, Any], deadline_s: float | None = None) -> Any: ...


class RecordsOut(Protocol):
    """Takes decision records and answers, durably, to be written to MongoDB later."""

    def put(self, messages: list[dict[str, Any]]) -> None: ...


@dataclass(frozen=True, slots=True)
class Ports:
    """What a batch reaches out to. `compute` runs a policy where it does not stop the event loop."""

    trips: Calls
    location: Calls
    maps: Calls
    pool: WaitingPool
    records: RecordsOut
    compute: Callable[[Policy, Batch, Rules], Proposal]


@dataclass(frozen=True, slots=True)
class Dispatch:
    """How one city is dispatched. `ttl_s`: an offer's life; `deadline_s`: the patience with each partner."""

    city: str
    policy_name: str
    policy: Policy
    rules: Rules
    candidates: int
    ttl_s: float
    deadline_s: float


@dataclass(frozen=True, slots=True)
class Moment:
    """When a batch closes, as text and in milliseconds since 1970, and its id."""

    batch_id: str
    at: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class BatchResult:
    """`left`: trips that wait on without an offer. `stale`: the pool must be rebuilt before the next batch."""

    waiting: int
    made: int
    left: int
    stale: bool


def note_events(news: list[News], pool: WaitingPool, records: RecordsOut, now_ms: int) -> None:
    """Change the pool as the events say, keep what became of offers. Safe to repeat. Raises RedisError, Unavailable."""
    effects = effects_of(news)
    pool.apply(effects.changes, now_ms)
    if effects.answers:
        records.put([{"answers": [schemas.write_answer(each) for each in effects.answers]}])


def rebuild_pool(dispatch: Dispatch, before: PoolView, ports: Ports, now_ms: int) -> None:
    """Make the pool what `trips` says, keeping what events said while it was asked. Raises HansomError, RedisError."""
    waiting, changes = [], list[Change]()
    for item in ports.trips.call("list_waiting", {"city": dispatch.city})["items"]:
        trip, excluded, has_open_offer = schemas.read_waiting(item)
        waiting.append(trip)
        changes.append(Exclude(trip.trip_id, excluded))
        if has_open_offer:
            until_ms = now_ms + int(dispatch.ttl_s * 1000) + OFFER_SLACK_MS
            changes.append(Open(OpenOffer(trip.trip_id, "", "", until_ms)))
    ports.pool.rebuild(dispatch.city, before, waiting, changes)


def match_waiting(dispatch: Dispatch, moment: Moment, ports: Ports, *, rebuild: bool) -> BatchResult:
    """Close one window: make an offer for each waiting trip that a driver can be found for.

    Whatever fails on the way leaves the pool as it is for the next window; only `trips` decides which offers stand.
    Raises HansomError when a partner is down, RedisError.
    """
    view = _read_pool(dispatch, moment.at_ms, ports, rebuild)
    trips = [
        trip.as_waiting(moment.at_ms, view.excluded.get(trip.trip_id, frozenset()))
        for trip in view.without_offer(moment.at_ms)
    ]
    if not trips:
        return BatchResult(len(view.trips), 0, 0, False)
    batch, estimated = _gather(dispatch, trips, view.held, ports)
    proposal = ports.compute(dispatch.policy, batch, dispatch.rules)
    outcome = _offer(proposal, ports.trips, dispatch.ttl_s)
    ports.pool.apply(outcome.changes(moment.at_ms), moment.at_ms)
    about: dict[str, Any] = {"batch_id": moment.batch_id, "batch_at": moment.at, "city": dispatch.city}
    about |= {"policy": dispatch.policy_name, "estimated": estimated}
    _record(schemas.write_decisions(about, trips, proposal.considered, outcome), ports.records)
    made = len(outcome.made)
    return BatchResult(len(view.trips), made, len(trips) - made, outcome.pool_is_stale)


def _read_pool(dispatch: Dispatch, now_ms: int, ports: Ports, rebuild: bool) -> PoolView:
    """The city's pool; made anew when asked for, or when Redis was emptied."""
    view = ports.pool.read(dispatch.city, now_ms)
    if not rebuild and view.built:
        return view
    rebuild_pool(dispatch, view, ports, now_ms)
    return ports.pool.read(dispatch.city, now_ms)


def _gather(dispatch: Dispatch, trips: list[WaitingTrip], busy: frozenset[str], ports: Ports) -> tuple[Batch, bool]:
    """The batch, and whether its road times are estimates."""
    request = schemas.candidates_request(trips, busy, dispatch.candidates)
    reply = ports.location.call("find_candidates", request, dispatch.deadline_s)
    candidates = schemas.read_candidates(reply, busy)
    drivers = {driver.driver_id: driver for near in candidates.values() for driver in near}
    times, estimated = _ask_road_times(trips, candidates, drivers, ports.maps, dispatch.deadline_s)
    return Batch(tuple(trips), tuple(drivers.values()), times), estimated


def _ask_road_times(
    trips: list[WaitingTrip],
    candidates: dict[str, list[FreeDriver]],
    drivers: dict[str, FreeDriver],
    maps: Calls,
    deadline_s: float,
) -> tuple[dict[tuple[str, str], float | None], bool]:
    pickups = {trip.trip_id: trip.pickup for trip in trips}
    plans = plan_tables(trips, candidates)
    calls = [
        maps.call_async(
            "table",
            {
                "sources": [[drivers[each].point.lat, drivers[each].point.lng] for each in plan.driver_ids],
                "destinations": [[pickups[each].lat, pickups[each].lng] for each in plan.trip_ids],
            },
            deadline_s,
        )
        for plan in plans
    ]
    replies = [call.result() for call in calls]
    times = road_times(plans, [reply["durations_s"] for reply in replies], candidates)
    return times, any(reply.get("estimated", False) for reply in replies)


def _offer(proposal: Proposal, trips: Calls, ttl_s: float) -> Outcome:
    if not proposal.pairs:
        return Outcome()
    return schemas.read_outcome(trips.call("make_offers", schemas.offers_request(proposal.pairs, ttl_s)))


def _record(decisions: list[dict[str, Any]], records: RecordsOut) -> None:
    starts = range(0, len(decisions), RECORDS_A_MESSAGE)
    records.put([{"decisions": decisions[start : start + RECORDS_A_MESSAGE]} for start in starts])


def get_decisions(request: SeeDecisions, records: DecisionRecords) -> list[DecisionReply]:
    """Every driver looked at for the trip, newest batch first; nothing for a trip nobody knows. Raises PyMongoError."""
    decisions, answers = records.of_trip(request.trip_id)
    return schemas.write_decision_replies(decisions, answers)
