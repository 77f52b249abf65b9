"""Riders who wait are told honestly how it stands; and how each wait ended is held against what was promised."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from eventlet import tpool
from prometheus_client import Histogram
from redis.exceptions import RedisError

from hansom.contracts.errors import HansomError
from hansom.contracts.location import MAX_FINISHING_S, MAX_SEARCHES
from hansom.segments import wide_cell
from services.matching.domain.model import WaitingTrip
from services.matching.domain.news import News, TripNews
from services.matching.domain.pool import PooledTrip
from services.matching.domain.waiting import (
    Around,
    Ended,
    Glance,
    Promise,
    WaitingState,
    WaitOver,
    corrected,
    correction,
    glances,
    in_turn,
    median_until,
    say,
    saying,
)
from services.matching.storage.waits import EndedWait, Known, Waits
from services.matching.usecases import ClosedBatch

log = logging.getLogger(__name__)

ERROR_S = Histogram(
    "matching_wait_promise_error_seconds",
    "How far from the wait that a rider was promised first the wait was, of those who got a driver",
    ["city"],
    buckets=(5, 10, 20, 30, 60, 120, 300, 600),
)

ENDINGS = {"trips.trip_assigned": "assigned", "trips.trip_cancelled": "cancelled", "trips.trip_expired": "expired"}
"""Events that may end a wait, and how."""


class Calls(Protocol):
    """A client of location."""

    def call_async(self, method: str, payload: dict[str, Any], deadline_s: float | None = None) -> Any: ...


@dataclass(frozen=True, slots=True)
class WaitingRiders:
    """`ports.Waiting`: looks at a batch's trips once their offers are out. `near_m`: what is near, metres."""

    waits: Waits
    location: Calls
    tell: Callable[[Sequence[WaitingState]], None]
    near_m: float
    deadline_s: float

    def note(self, closed: ClosedBatch, pooled: Iterable[PooledTrip]) -> None:
        """Write how it stands with each trip of the batch, and tell riders what is new. Never stops a batch."""
        try:
            self._note(closed, {trip.trip_id: trip for trip in pooled})
        except (HansomError, RedisError) as exc:
            told = {"city": closed.dispatch.city, "error": str(exc)[:200]}
            log.warning("riders are not told how long they wait", extra=told)

    def _note(self, closed: ClosedBatch, pooled: Mapping[str, PooledTrip]) -> None:
        now_ms, asked = closed.moment.at_ms, _asked(closed)
        # who ends a ride matters to those alone whom nobody is asked for
        around = self._look_around(closed.trips, MAX_FINISHING_S if len(asked) < len(closed.trips) else 0)
        cells = {trip.trip_id: wide_cell(trip.pickup.lat, trip.pickup.lng) for trip in closed.trips}
        known = self.waits.read(closed.dispatch.city, list(cells), cells.values(), now_ms)
        # in a thread, as it reads each pair of the batch
        seen = tpool.execute(glances, closed.trips, closed.proposal.considered, asked, self.near_m)
        turns, late_s = in_turn(seen, around), correction(known.kept)
        states = []
        for glance in seen:
            trip_id = glance.trip.trip_id
            raw_s = _raw_s(glance, turns.get(trip_id), known.waits[cells[trip_id]])
            promise = None if raw_s is None else Promise(now_ms, corrected(raw_s, late_s), raw_s)
            state = _state(glance, pooled[trip_id], around.get(trip_id, Around()), promise, known)
            states.append(replace(state, told_ms=now_ms, told=state.gist) if state.is_news(now_ms) else state)
        self.waits.write(states)
        news = [state for state in states if state.told_ms == now_ms]
        if news:
            self.tell(news)

    def _look_around(self, trips: Sequence[WaitingTrip], finishing_within_s: float) -> dict[str, Around]:
        """Busy cars around each pickup. Raises HansomError."""
        calls = []
        for start in range(0, len(trips), MAX_SEARCHES):
            request = self._request(trips[start : start + MAX_SEARCHES], finishing_within_s)
            calls.append(self.location.call_async("look_around", request, self.deadline_s))
        items = {trip_id: item for call in calls for trip_id, item in call.result()["items"].items()}
        return {
            trip_id: Around(item["busy"], tuple((driver_id, free_in_s) for driver_id, free_in_s in item["finishing"]))
            for trip_id, item in items.items()
        }

    def _request(self, trips: Iterable[WaitingTrip], finishing_within_s: float) -> dict[str, Any]:
        requests = [
            {
                "trip_id": trip.trip_id,
                "point": trip.pickup.as_dict(),
                "category": trip.category,
                "exclude": sorted(trip.excluded),
            }
            for trip in trips
        ]
        return {"requests": requests, "within_m": self.near_m, "finishing_within_s": finishing_within_s}


def _asked(closed: ClosedBatch) -> dict[str, str]:
    """Trip → the driver who is asked, one whose offer was not to be replaced after all among them."""
    standing = {trip_id: offer.driver_id for trip_id, offer in closed.replaced.items()}
    return {**standing, **{offer.trip_id: offer.driver_id for offer in closed.outcome.made}}


def _raw_s(glance: Glance, turn_s: float | None, waits: Iterable[Ended]) -> float | None:
    """Seconds until a driver takes the trip, as they are reckoned: by who finishes, otherwise by how others waited."""
    soon_s = glance.held_s if turn_s is None else turn_s
    return median_until(waits, glance.trip.waited_s) if soon_s is None else soon_s


def _state(glance: Glance, pooled: PooledTrip, around: Around, promise: Promise | None, known: Known) -> WaitingState:
    """What is known of a wait now; of the batch before stays what was promised first and told last."""
    trip_id, about_s = glance.trip.trip_id, None if promise is None else promise.about_s
    before = known.states.get(trip_id)
    if before is not None and before.since_ms != pooled.waiting_since_ms:
        before = None
    told = saying(glance, around, about_s)
    return WaitingState(
        trip_id=trip_id,
        rider_id=pooled.rider_id,
        since_ms=pooled.waiting_since_ms,
        text=say(told),
        cars_near=told.near,
        busy_near=around.busy,
        finishing_near=len(around.finishing),
        asked=len(glance.trip.excluded) + (glance.offered_s is not None),
        offered=glance.offered_s is not None,
        about_s=about_s,
        promise=before.promise if before is not None and before.promise is not None else _kept(promise, glance),
        told_ms=before.told_ms if before is not None else 0,
        told=before.told if before is not None else "",
        code=told.code.value,
        car_in_s=told.car_in_s,
        came_to_nothing=told.came_to_nothing,
        looking_s=told.looking_s,
    )


def _kept(promise: Promise | None, glance: Glance) -> Promise | None:
    """The promise, unless looking for a driver ends before: that the rider is told, too, and it promises nothing."""
    left_s = glance.trip.patience_left_s
    return None if promise is None or (left_s is not None and promise.about_s > left_s) else promise


# -- when a wait is over -----------------------------------------------------------------------------------------------
def note_ended(news: Iterable[News], waits: Waits, keep: Callable[[Sequence[WaitOver]], None]) -> None:
    """Hold what riders were promised against how long they waited, and learn from it. Safe to repeat.

    To be said before the pool hears the news. Raises RedisError, Unavailable.
    """
    ended = [each for each in news if isinstance(each, TripNews) and _ends_a_wait(each)]
    if not ended:
        return
    states = waits.states([each.trip.trip_id for each in ended])
    over = [_over(each, states.get(each.trip.trip_id)) for each in ended]
    keep(over)
    for wait in over:
        told = {"trip_id": wait.trip_id, "how": wait.how, "wait_s": round(wait.wait_s, 1)}
        if wait.actual_s is not None and wait.about_s is not None and wait.how == "assigned":
            ERROR_S.labels(wait.city).observe(abs(wait.actual_s - wait.about_s))
        log.info("a wait ended", extra={**told, "promised_s": wait.about_s, "actual_s": wait.actual_s})
    waits.end([_learnt(each, wait, states.get(wait.trip_id)) for each, wait in zip(ended, over, strict=True)])


def _ends_a_wait(news: TripNews) -> bool:
    """A trip that is cancelled under way waits for nobody."""
    return news.name in ENDINGS and (news.name == "trips.trip_assigned" or news.driver_id is None)


def _over(news: TripNews, state: WaitingState | None) -> WaitOver:
    trip, since_ms = news.trip, news.trip.waiting_since_ms
    wait_s = max(0.0, (news.at_ms - since_ms) / 1000)
    wait = WaitOver(trip.trip_id, trip.city, since_ms, news.at_ms, ENDINGS[news.name], wait_s)
    if state is None or state.since_ms != since_ms or state.promise is None:
        return wait
    return replace(wait, promised_ms=state.promise.at_ms, about_s=state.promise.about_s)


def _learnt(news: TripNews, wait: WaitOver, state: WaitingState | None) -> EndedWait:
    late_s = None
    if wait.actual_s is not None and state is not None and state.promise is not None:
        late_s = wait.actual_s - state.promise.raw_s
    cell = wide_cell(news.trip.pickup.lat, news.trip.pickup.lng)
    served = wait.how == "assigned"
    return EndedWait(wait.trip_id, wait.city, cell, wait.since_ms, wait.ended_ms, wait.wait_s, served, late_s)
