"""What matching does, one function a verb, and what it needs for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.matching.domain.model import Batch, Considered, FreeDriver, Policy, Proposal, Rules, WaitingTrip
from services.matching.domain.news import OFFER_SLACK_MS, News, effects_of
from services.matching.domain.outcome import Outcome
from services.matching.domain.pool import Answered, Change, Exclude, ListedTrip, Open, OpenOffer, PooledTrip, PoolView
from services.matching.domain.tables import TablePlan, plan_tables, road_times


class Pool(Protocol):
    """The waiting pool. Its methods raise what its store raises while it is down."""

    def read(self, city: str, now_ms: int) -> PoolView: ...

    def apply(self, changes: Iterable[Change], now_ms: int) -> None: ...

    def rebuild(self, city: str, before: PoolView, waiting: list[PooledTrip], changes: list[Change]) -> None: ...


class Partners(Protocol):
    """The services that a batch needs. Each method is one call (`road_tables`: one for each plan, all at once).

    All raise Unavailable while a service is down.
    """

    def list_waiting(self, city: str) -> list[ListedTrip]: ...

    def find_candidates(
        self, trips: Sequence[WaitingTrip], busy: frozenset[str], limit: int
    ) -> dict[str, list[FreeDriver]]: ...

    def road_tables(
        self, plans: Sequence[TablePlan], drivers: Mapping[str, FreeDriver], trips: Mapping[str, WaitingTrip]
    ) -> tuple[list[list[list[float | None]]], bool]: ...

    def make_offers(self, pairs: Sequence[Considered], ttl_s: float) -> Outcome: ...


class Records(Protocol):
    """Keeps decision records and answers, durably, on their way to MongoDB. Raises Unavailable."""

    def put_answers(self, answers: Sequence[Answered]) -> None: ...

    def put_decisions(self, closed: ClosedBatch) -> None: ...


class Compute(Protocol):
    """Runs a policy where it does not stop the event loop."""

    def __call__(self, policy: Policy, batch: Batch, rules: Rules) -> Proposal: ...


@dataclass(frozen=True, slots=True)
class Ports:
    """What a batch reaches out to."""

    pool: Pool
    partners: Partners
    records: Records
    compute: Compute


@dataclass(frozen=True, slots=True)
class Dispatch:
    """How one city is dispatched. `ttl_s`: an offer's life."""

    city: str
    policy_name: str
    policy: Policy
    rules: Rules
    candidates: int
    ttl_s: float


@dataclass(frozen=True, slots=True)
class Moment:
    """When a batch closes, as text and in milliseconds since 1970, and its id."""

    batch_id: str
    at: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class ClosedBatch:
    """All that a batch decided and what came of it. `estimated`: road times were reckoned from straight lines."""

    dispatch: Dispatch
    moment: Moment
    trips: Sequence[WaitingTrip]
    proposal: Proposal
    outcome: Outcome
    estimated: bool


@dataclass(frozen=True, slots=True)
class BatchResult:
    """`left`: trips that wait on without an offer. `stale`: the pool must be rebuilt before the next batch."""

    waiting: int
    made: int
    left: int
    stale: bool


def note_events(news: list[News], pool: Pool, records: Records, now_ms: int) -> None:
    """Change the pool as the events say, and keep what became of offers. Safe to repeat."""
    effects = effects_of(news)
    pool.apply(effects.changes, now_ms)
    if effects.answers:
        records.put_answers(effects.answers)


def rebuild_pool(dispatch: Dispatch, before: PoolView, ports: Ports, now_ms: int) -> None:
    """Make the pool what `trips` says, keeping what events said while it was asked."""
    waiting, changes = [], list[Change]()
    for listed in ports.partners.list_waiting(dispatch.city):
        trip_id = listed.trip.trip_id
        waiting.append(listed.trip)
        changes.append(Exclude(trip_id, listed.excluded))
        if listed.has_open_offer:
            until_ms = now_ms + int(dispatch.ttl_s * 1000) + OFFER_SLACK_MS
            changes.append(Open(OpenOffer(trip_id, "", "", until_ms)))
    ports.pool.rebuild(dispatch.city, before, waiting, changes)


def match_waiting(dispatch: Dispatch, moment: Moment, ports: Ports, *, rebuild: bool) -> BatchResult:
    """Close one window: make an offer for each waiting trip that a driver can be found for.

    Whatever fails on the way leaves the pool as it is for the next window; only `trips` decides which offers stand.
    Raises Unavailable when a partner is down, and what the pool raises.
    """
    view = _read_pool(dispatch, moment.at_ms, ports, rebuild)
    trips = [
        trip.as_waiting(moment.at_ms, view.excluded.get(trip.trip_id, frozenset()))
        for trip in view.without_offer(moment.at_ms)
    ]
    if not trips:
        return BatchResult(len(view.trips), 0, 0, False)
    batch, estimated = _gather(dispatch, trips, view.held, ports.partners)
    proposal = ports.compute(dispatch.policy, batch, dispatch.rules)
    outcome = ports.partners.make_offers(proposal.pairs, dispatch.ttl_s) if proposal.pairs else Outcome()
    ports.pool.apply(outcome.changes(moment.at_ms), moment.at_ms)
    ports.records.put_decisions(ClosedBatch(dispatch, moment, trips, proposal, outcome, estimated))
    made = len(outcome.made)
    return BatchResult(len(view.trips), made, len(trips) - made, outcome.pool_is_stale)


def _read_pool(dispatch: Dispatch, now_ms: int, ports: Ports, rebuild: bool) -> PoolView:
    """The city's pool; made anew when asked for, or when Redis was emptied."""
    view = ports.pool.read(dispatch.city, now_ms)
    if not rebuild and view.built:
        return view
    rebuild_pool(dispatch, view, ports, now_ms)
    return ports.pool.read(dispatch.city, now_ms)


def _gather(
    dispatch: Dispatch, trips: list[WaitingTrip], busy: frozenset[str], partners: Partners
) -> tuple[Batch, bool]:
    """The batch, and whether its road times are estimates."""
    candidates = partners.find_candidates(trips, busy, dispatch.candidates)
    drivers = {driver.driver_id: driver for near in candidates.values() for driver in near}
    plans = plan_tables(trips, candidates)
    tables, estimated = partners.road_tables(plans, drivers, {trip.trip_id: trip for trip in trips})
    return Batch(tuple(trips), tuple(drivers.values()), road_times(plans, tables, candidates)), estimated
