"""What matching does, one function a verb."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.matching.domain.model import Batch, Policy, Proposal, Rules, WaitingTrip
from services.matching.domain.news import OFFER_SLACK_MS, DriverNews, News, effects_of
from services.matching.domain.outcome import Outcome
from services.matching.domain.policies import nearest_eta
from services.matching.domain.pool import Change, Exclude, Open, OpenOffer, PooledTrip, PoolView
from services.matching.domain.replacing import Improvable, ripe_offers, settle, with_standing
from services.matching.domain.tables import plan_tables, road_times
from services.matching.usecases.ports import PolicyLate, Pool, Ports, Records, Wanted

log = logging.getLogger(__name__)

FALLBACK = "nearest_eta"
"""What decides a batch when the city's policy is not ready in time: quick however large the batch is."""

LEAST_SOLVE_S = 0.1
"""A policy gets this long even when the window is over: mostly it needs a few milliseconds."""


@dataclass(frozen=True, slots=True)
class Dispatch:
    """How one city is dispatched.

    `ttl_s`: an offer's life. `patience_s`: a trip's without a driver. `window_s`: from one batch to the next; within
    it, and within `solve_s`, the policy must be ready. `foresees`: the policy wants to know who is about to finish,
    who accepts, and what places are worth; `weighs_idle`: how long drivers have been without a ride. `replace_gain_s`:
    an offer that its driver has not seen after a window is replaced by one to a driver who is there sooner by this;
    None: never.
    """

    city: str
    policy_name: str
    policy: Policy
    rules: Rules
    candidates: int
    ttl_s: float
    patience_s: float
    window_s: float
    solve_s: float
    foresees: bool = False
    weighs_idle: bool = False
    replace_gain_s: float | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """When a batch closes, as text and in milliseconds since 1970, and its id."""

    batch_id: str
    at: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class ClosedBatch:
    """All that a batch decided and what came of it. `estimated`: road times were reckoned from straight lines.

    `trips`: those without an offer, and those whose offer a better one was to replace: these are in `replaced`, trip →
    the offer that it had.
    """

    dispatch: Dispatch
    moment: Moment
    trips: Sequence[WaitingTrip]
    proposal: Proposal
    outcome: Outcome
    estimated: bool
    replaced: Mapping[str, OpenOffer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BatchResult:
    """`left`: trips that wait on without an offer; `held` of them for a driver who is about to finish. `replaced`: of
    the `made`, those in the place of another offer. `stale`: the pool must be rebuilt before the next batch.
    `policy`, `fallback`: who decided, and why not the city's own; None in a batch of nothing.
    """

    waiting: int
    made: int
    left: int
    stale: bool
    replaced: int = 0
    held: int = 0
    policy: str | None = None
    fallback: str | None = None


def note_events(news: list[News], pool: Pool, records: Records, now_ms: int) -> None:
    """Change the pool as the events say, and keep what became of offers and when drivers work. Safe to repeat."""
    effects = effects_of(news)
    pool.apply(effects.changes, now_ms)
    if effects.answers:
        records.put_answers(effects.answers)
    shifts = [each for each in news if isinstance(each, DriverNews)]
    if shifts:
        records.put_shifts(shifts)


def rebuild_pool(dispatch: Dispatch, before: PoolView, ports: Ports, now_ms: int) -> None:
    """Make the pool what `trips` says, keeping what events said while it was asked."""
    waiting: list[PooledTrip] = []
    changes: list[Change] = []
    for listed in ports.partners.list_waiting(dispatch.city):
        trip_id = listed.trip.trip_id
        waiting.append(listed.trip)
        changes.append(Exclude(trip_id, listed.excluded))
        if listed.has_open_offer:
            until_ms = now_ms + int(dispatch.ttl_s * 1000) + OFFER_SLACK_MS
            changes.append(Open(OpenOffer(trip_id, "", "", until_ms)))
    ports.pool.rebuild(dispatch.city, before, waiting, changes)


@dataclass(frozen=True, slots=True)
class _Round:
    """What one batch is about: trips without an offer, trips whose offer may be replaced, drivers who have one."""

    dispatch: Dispatch
    moment: Moment
    ports: Ports
    trips: Sequence[WaitingTrip]
    improvable: Sequence[Improvable]
    busy: frozenset[str]

    @property
    def all_trips(self) -> list[WaitingTrip]:
        return [*self.trips, *(each.trip for each in self.improvable)]


def match_waiting(dispatch: Dispatch, moment: Moment, ports: Ports, *, rebuild: bool) -> BatchResult:
    """Close one window: make an offer for each waiting trip that a driver can be found for.

    Whatever fails on the way leaves the pool as it is for the next window; only `trips` decides which offers stand.
    Raises Unavailable when a partner is down, and what the pool raises.
    """
    view = _read_pool(dispatch, moment.at_ms, ports, rebuild)
    trips = [_waiting(dispatch, trip, view, moment) for trip in view.without_offer(moment.at_ms)]
    asked = _Round(dispatch, moment, ports, trips, _find_improvable(dispatch, view, moment, ports), view.held)
    if not asked.all_trips:
        return BatchResult(len(view.trips), 0, 0, False)
    batch, estimated = _gather(asked)
    proposal, replaced = _decide(asked, batch)
    pairs = proposal.pairs
    outcome = ports.partners.make_offers(pairs, replaced, dispatch.ttl_s) if pairs else Outcome()
    ports.pool.apply(outcome.changes(moment.at_ms), moment.at_ms)
    told = [*trips, *(each.trip for each in asked.improvable if each.trip.trip_id in replaced)]
    if told:
        closed = ClosedBatch(dispatch, moment, told, proposal, outcome, estimated, replaced)
        ports.records.put_decisions(closed)
        ports.waiting.note(closed, view.trips)
    return _result(len(view.trips), len(trips), proposal, outcome)


def _result(waiting: int, unoffered: int, proposal: Proposal, outcome: Outcome) -> BatchResult:
    made, again = len(outcome.made), len(outcome.replaced)
    return BatchResult(
        waiting,
        made,
        unoffered - (made - again),
        outcome.pool_is_stale,
        again,
        len(proposal.held),
        proposal.policy,
        proposal.fallback,
    )


def _read_pool(dispatch: Dispatch, now_ms: int, ports: Ports, rebuild: bool) -> PoolView:
    """The city's pool; made anew when asked for, or when Redis was emptied."""
    view = ports.pool.read(dispatch.city, now_ms)
    if not rebuild and view.built:
        return view
    rebuild_pool(dispatch, view, ports, now_ms)
    return ports.pool.read(dispatch.city, now_ms)


def _waiting(dispatch: Dispatch, trip: PooledTrip, view: PoolView, moment: Moment) -> WaitingTrip:
    excluded = view.excluded.get(trip.trip_id, frozenset())
    return trip.as_waiting(moment.at_ms, excluded, dispatch.patience_s)


def _find_improvable(dispatch: Dispatch, view: PoolView, moment: Moment, ports: Ports) -> list[Improvable]:
    """Trips whose offer its driver has not seen for a window: mostly none, and then nobody is asked."""
    if dispatch.replace_gain_s is None:
        return []
    ripe = ripe_offers(view, moment.at_ms, dispatch.window_s, dispatch.replace_gain_s)
    unseen = ports.partners.unshown_offers([offer.offer_id for offer in ripe]) if ripe else frozenset()
    pooled = {trip.trip_id: trip for trip in view.trips}
    improvable = []
    for offer in ripe:
        if offer.offer_id in unseen and offer.pickup_eta_s is not None:
            trip = _waiting(dispatch, pooled[offer.trip_id], view, moment)
            # a rebuild has him among those who were asked
            free = replace(trip, excluded=trip.excluded - {offer.driver_id})
            improvable.append(Improvable(free, offer, offer.pickup_eta_s))
    return improvable


def _gather(asked: _Round) -> tuple[Batch, bool]:
    """The batch, and whether its road times are estimates."""
    dispatch, partners, trips = asked.dispatch, asked.ports.partners, asked.all_trips
    standing = {each.trip.trip_id: each.offer.driver_id for each in asked.improvable}
    finishing_s = dispatch.rules.finishing_max_s if dispatch.foresees else 0.0
    candidates = partners.find_candidates(trips, Wanted(dispatch.candidates, asked.busy, standing, finishing_s))
    drivers = {driver.driver_id: driver for near in candidates.values() for driver in near}
    plans = plan_tables(trips, candidates)
    tables, estimated = partners.road_tables(plans, drivers, {trip.trip_id: trip for trip in trips})
    batch = Batch(tuple(trips), tuple(drivers.values()), road_times(plans, tables, candidates))
    if dispatch.foresees:
        return _foreseen(asked, batch), estimated
    return _with_idle_times(asked, batch) if dispatch.weighs_idle else batch, estimated


def _with_idle_times(asked: _Round, batch: Batch) -> Batch:
    """The batch, and for how long its drivers have been without a ride."""
    habits = asked.ports.pool.habits([driver.driver_id for driver in batch.drivers])
    now_ms = asked.moment.at_ms
    drivers = [replace(driver, idle_s=habits[driver.driver_id].idle_s(now_ms)) for driver in batch.drivers]
    return Batch(batch.trips, tuple(drivers), batch.road_times)


def _foreseen(asked: _Round, batch: Batch) -> Batch:
    """The batch with what is learnt of its drivers and places."""
    city, worth = asked.dispatch.city, asked.ports.worth
    habits = asked.ports.pool.habits([driver.driver_id for driver in batch.drivers])
    trips = [trip if trip.dropoff is None else replace(trip, worth_s=worth(city, trip.dropoff)) for trip in batch.trips]
    drivers = [
        replace(
            driver,
            idle_s=0.0 if driver.free_in_s > 0 else habits[driver.driver_id].idle_s(asked.moment.at_ms),
            accept_rate=habits[driver.driver_id].accept_rate,
            worth_s=worth(city, driver.point),
        )
        for driver in batch.drivers
    ]
    return Batch(tuple(trips), tuple(drivers), batch.road_times)


def _decide(asked: _Round, batch: Batch) -> tuple[Proposal, dict[str, OpenOffer]]:
    """What the city's policy proposes, or in its stead the fallback, which improves no offer; and what is replaced."""
    dispatch, ports, improvable = asked.dispatch, asked.ports, asked.improvable
    gain_s = dispatch.replace_gain_s or 0.0
    whole, true_s = with_standing(batch, improvable, gain_s)
    left_s = max(LEAST_SOLVE_S, min(dispatch.solve_s, dispatch.window_s - ports.spent_s()))
    try:
        proposal = ports.compute(dispatch.city, dispatch.policy, whole, dispatch.rules, left_s)
    except PolicyLate as late:
        told = {"city": dispatch.city, "policy": dispatch.policy_name, "trips": len(batch.trips), "why": late.why}
        log.warning("the policy is late: this batch goes by road time, one rider at a time", extra=told)
        new = _without(batch, {each.trip.trip_id for each in improvable})
        proposal = ports.compute(dispatch.city, nearest_eta, new, dispatch.rules, None)
        return replace(proposal, policy=FALLBACK, fallback=late.why), {}
    return settle(replace(proposal, policy=dispatch.policy_name), improvable, true_s, gain_s)


def _without(batch: Batch, trip_ids: set[str]) -> Batch:
    """The batch without these trips."""
    times = {pair: seconds for pair, seconds in batch.road_times.items() if pair[0] not in trip_ids}
    return Batch(tuple(trip for trip in batch.trips if trip.trip_id not in trip_ids), batch.drivers, times)
