"""What a batch writes down for its riders, and what is learnt when their waits end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from hansom.contracts.errors import HansomError, Unavailable
from hansom.contracts.matching import Dropped
from hansom.segments import wide_cell
from hansom.values import Point
from services.matching.domain.model import Considered, Proposal, WaitingTrip
from services.matching.domain.news import TripNews
from services.matching.domain.outcome import MadeOffer, Outcome
from services.matching.domain.pool import OpenOffer, PooledTrip
from services.matching.domain.waiting import Ended, WaitingState, WaitOver
from services.matching.storage.waits import EndedWait, Known
from services.matching.usecases import ClosedBatch, Moment
from services.matching.waiting import WaitingRiders, note_ended

PICKUP = Point(60.17, 24.94)
CELL = wide_cell(PICKUP.lat, PICKUP.lng)
NOW_MS = 1_800_000_000_000


@dataclass
class FakeWaits:
    """`storage.waits.Waits` in memory; the integration tests try the real one."""

    kept: dict[str, WaitingState] = field(default_factory=dict)
    waits: list[Ended] = field(default_factory=list)
    words: list[Ended] = field(default_factory=list)
    learnt: list[EndedWait] = field(default_factory=list)

    def read(self, city: str, trip_ids: Sequence[str], cells: Any, now_ms: int) -> Known:
        return Known(self.states(trip_ids), dict.fromkeys(cells, self.waits), self.words)

    def states(self, trip_ids: Sequence[str]) -> dict[str, WaitingState]:
        return {trip_id: self.kept[trip_id] for trip_id in trip_ids if trip_id in self.kept}

    def write(self, states: Sequence[WaitingState]) -> None:
        self.kept |= {state.trip_id: state for state in states}

    def end(self, ended: Sequence[EndedWait]) -> None:
        self.learnt += ended


@dataclass
class FakeLocation:
    """Knows the same of every pickup; or is down."""

    around: dict[str, Any] = field(default_factory=lambda: {"busy": 0, "finishing": []})
    refuses: HansomError | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    def call_async(self, method: str, payload: dict[str, Any], deadline_s: float | None = None) -> Any:
        self.asked.append(payload)
        return self

    def result(self) -> dict[str, Any]:
        if self.refuses is not None:
            raise self.refuses
        return {"items": {each["trip_id"]: self.around for each in self.asked[-1]["requests"]}}


@dataclass
class Desk:
    """Notes batches, and remembers who was told what."""

    waits: FakeWaits = field(default_factory=FakeWaits)
    location: FakeLocation = field(default_factory=FakeLocation)
    told: list[tuple[str, str]] = field(default_factory=list)
    at_ms: int = NOW_MS

    def note(self, *pairs: Considered, made: tuple[MadeOffer, ...] = (), **closed: Any) -> dict[str, WaitingState]:
        trip_ids = closed.pop("trip_ids", None) or list(dict.fromkeys(pair.trip_id for pair in pairs))
        left_s = closed.pop("patience_left_s", None)
        trips = [WaitingTrip(each, "standard", PICKUP, 10.0, patience_left_s=left_s) for each in trip_ids]
        pooled = [PooledTrip(each, "helsinki", "standard", PICKUP, NOW_MS - 10_000, False) for each in trip_ids]
        pooled = [replace(each, rider_id=f"rider of {each.trip_id}") for each in pooled]
        dispatch: Any = SimpleNamespace(city="helsinki", policy_name="batch")
        moment = Moment("b", "2026-03-02T12:00:00.000Z", self.at_ms)
        batch = ClosedBatch(dispatch, moment, trips, Proposal(pairs), Outcome(made), estimated=False, **closed)
        riders = WaitingRiders(self.waits, self.location, self._tell, 2000, 1)  # type: ignore[arg-type]
        riders.note(batch, pooled)
        return self.waits.kept

    def _tell(self, states: Sequence[WaitingState]) -> None:
        self.told += [(state.rider_id, state.text) for state in states]


def a_pair(driver_id: str, dropped: Dropped | None = None, trip_id: str = "t") -> Considered:
    return Considered(trip_id, driver_id, 100.0, 60.0, 60.0, dropped)


def test_a_rider_whose_driver_is_asked_hears_it_once() -> None:
    desk = Desk()
    for _ in range(3):
        states = desk.note(a_pair("d"), made=(MadeOffer("t", "d", "o", 1),))
        desk.at_ms += 10_000
    assert desk.told == [("rider of t", "A driver 1 min away is being asked")]
    assert (states["t"].asked, states["t"].offered, states["t"].about_s) == (1, True, None)
    assert [each["finishing_within_s"] for each in desk.location.asked] == [0, 0, 0]


def test_a_rider_whose_offer_was_not_replaced_after_all_has_a_driver_who_is_asked() -> None:
    standing = OpenOffer("t", "o", "old", NOW_MS + 10_000)
    pairs = (a_pair("new"), a_pair("old", Dropped.ANOTHER_DRIVER))
    assert Desk().note(*pairs, replaced={"t": standing})["t"].offered


def test_two_riders_are_not_promised_the_same_driver() -> None:
    desk = Desk(location=FakeLocation({"busy": 2, "finishing": [["d", 70.0]]}))
    states = desk.note(trip_ids=["t1", "t2"])
    assert [states[trip_id].about_s for trip_id in ("t1", "t2")] == [70.0, None]


def test_a_promise_is_corrected_by_how_the_last_ones_were_kept_and_the_first_one_counts() -> None:
    desk = Desk(location=FakeLocation({"busy": 1, "finishing": [["d", 60.0]]}))
    desk.waits.words = [Ended(30.0, served=True)] * 10
    first = desk.note(trip_ids=["t"])["t"]
    desk.location.around = {"busy": 1, "finishing": [["d", 20.0]]}
    desk.at_ms += 2000
    second = desk.note(trip_ids=["t"])["t"]
    assert (first.about_s, second.about_s) == (90.0, 50.0)
    assert second.promise == first.promise
    assert second.promise is not None
    assert (second.promise.about_s, second.promise.raw_s) == (90.0, 60.0)


def test_what_comes_after_looking_has_ended_is_said_and_is_no_promise() -> None:
    desk = Desk(location=FakeLocation({"busy": 1, "finishing": [["d", 200.0]]}))
    state = desk.note(trip_ids=["t"], patience_left_s=110.0)["t"]
    assert state.text == "1 car near, busy; about 3 min, but we look for 2 min more"
    assert (state.about_s, state.promise) == (200.0, None)


def test_without_location_nobody_is_told_and_nothing_breaks() -> None:
    desk = Desk(location=FakeLocation(refuses=Unavailable()))
    assert desk.note(trip_ids=["t"]) == {}
    assert desk.told == []


# -- when a wait is over -----------------------------------------------------------------------------------------------
def news(name: str, driver_id: str | None = None, seconds: float = 30.0) -> TripNews:
    trip = PooledTrip("t", "helsinki", "standard", PICKUP, NOW_MS - 10_000, returned=False)
    return TripNews(f"trips.{name}", trip, driver_id, None, "", NOW_MS + int(1000 * seconds))


def test_what_came_is_held_against_what_was_promised() -> None:
    desk = Desk(location=FakeLocation({"busy": 1, "finishing": [["d", 60.0]]}))
    desk.note(trip_ids=["t"])
    over: list[WaitOver] = []
    note_ended([news("trip_assigned", "d")], desk.waits, over.extend)  # type: ignore[arg-type]
    [wait] = over
    assert (wait.how, wait.wait_s, wait.about_s, wait.actual_s) == ("assigned", 40.0, 60.0, 30.0)
    [learnt] = desk.waits.learnt
    assert (learnt.cell, learnt.served, learnt.late_s) == (CELL, True, -30.0)


def test_a_rider_who_gives_up_teaches_that_it_takes_longer() -> None:
    desk = Desk()
    note_ended([news("trip_cancelled"), news("trip_expired")], desk.waits, lambda over: None)  # type: ignore[arg-type]
    assert [(each.served, each.late_s) for each in desk.waits.learnt] == [(False, None), (False, None)]


def test_a_trip_that_ends_under_way_was_no_wait() -> None:
    desk = Desk()
    ends = [news("trip_cancelled", "d"), news("trip_completed", "d"), news("trip_requested")]
    note_ended(ends, desk.waits, lambda over: None)  # type: ignore[arg-type]
    assert desk.waits.learnt == []


def test_a_promise_of_an_earlier_wait_does_not_count_for_a_trip_that_came_back() -> None:
    desk = Desk(location=FakeLocation({"busy": 1, "finishing": [["d", 60.0]]}))
    desk.note(trip_ids=["t"])
    desk.waits.kept["t"] = replace(desk.waits.kept["t"], since_ms=1)
    over: list[WaitOver] = []
    note_ended([news("trip_assigned", "d")], desk.waits, over.extend)  # type: ignore[arg-type]
    assert over[0].about_s is None
