"""Surge: bounded, monotone, calm, and gone when demand is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from math import exp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.pricing.domain.surge import (
    FALLS,
    RISES,
    STEPS,
    Around,
    Demand,
    Near,
    SegmentSurge,
    SurgeRules,
    count,
    step,
    target_of,
)

quick = settings(max_examples=40)

RULES = SurgeRules(cap_tenths=20, window_s=300, rise_s=60, fall_s=180)
TICK_S = 5.0

STREET = [chr(ord("a") + number) for number in range(12)]
"""Segments in a row: each touches the one before and the one after."""


def neighbours(segment: str) -> Iterable[str]:
    at = STREET.index(segment)
    return [near for number in (at - 1, at + 1) if 0 <= number < len(STREET) for near in STREET[number]]


def around(rings: int = 2) -> Around:
    return Around(neighbours, rings)


def after(
    demand: Mapping[str, Demand],
    free: Mapping[str, int],
    last: Mapping[str, SegmentSurge] | None = None,
    rules: SurgeRules = RULES,
    dt_s: float = TICK_S,
) -> dict[str, SegmentSurge]:
    return step(demand, free, around(), last or {}, rules=rules, dt_s=dt_s)


def run(demand: Demand, free: int, ticks: int, last: SegmentSurge | None = None) -> list[SegmentSurge]:
    """Segment `f` after each of so many steps under the same demand and supply."""
    states = {} if last is None else {"f": last}
    seen = []
    for _ in range(ticks):
        states = after({"f": demand}, {"f": free}, states)
        seen.append(states.get("f", SegmentSurge(1.0, STEPS)))
    return seen


def tenths(states: Mapping[str, SegmentSurge], segment: str) -> int:
    return states[segment].tenths if segment in states else STEPS


demands = st.builds(Demand, st.integers(0, 60), st.integers(0, 300), st.integers(0, 100))
streets = st.dictionaries(st.sampled_from(STREET), demands, max_size=6)
cars = st.dictionaries(st.sampled_from(STREET), st.integers(0, 30), max_size=8)


@st.composite
def steady_states(draw: st.DrawFn) -> SegmentSurge:
    """A level, and one of the tenths that are shown with it."""
    level = draw(st.floats(1.0, 2.0))
    reached = int((level + RISES) * STEPS)
    above = reached + 1 if level >= (reached + 1) / STEPS - FALLS else reached
    return SegmentSurge(level, draw(st.sampled_from([reached, min(above, 20)])))


states_before = st.dictionaries(st.sampled_from(STREET), steady_states(), max_size=6)
spans_s = st.floats(0, 600)
towns = st.tuples(streets, cars, states_before, spans_s)
"""Demand, free cars, what was reckoned before, and how long ago (seconds)."""

Town = tuple[dict[str, Demand], dict[str, int], dict[str, SegmentSurge], float]


def test_a_fare_goes_where_the_next_minute_asks_for_more_cars_than_are_free() -> None:
    assert target_of(Near(requests=60, free=6), RULES) == pytest.approx(1.5)  # 12 expected for 6 cars
    assert target_of(Near(waiting=6, requests=30, free=6), RULES) == pytest.approx(1.5)  # 6 wait, 6 more are expected
    assert target_of(Near(requests=60, free=12), RULES) == 1


def test_requests_that_found_no_driver_weigh_more() -> None:
    assert target_of(Near(requests=45, unmet=15, free=6), RULES) > target_of(Near(requests=45, free=6), RULES)


def test_few_requests_say_nothing_even_with_no_car_near_and_one_more_never_says_much() -> None:
    assert target_of(Near(waiting=4, requests=4), RULES) == 1
    targets = [target_of(Near(waiting=number, requests=number), RULES) for number in range(4, 12)]
    steps = [later - earlier for earlier, later in pairwise(targets)]
    assert max(steps) < 0.7 < targets[-1] - targets[0]


def test_segments_around_count_and_those_farther_off_do_not() -> None:
    states = after({"f": Demand(20, 60, 0)}, {}, dt_s=600)
    assert [segment for segment in STREET if tenths(states, segment) > STEPS] == ["d", "e", "f", "g", "h"]
    relieved = after({"f": Demand(20, 60, 0)}, {"h": 30}, dt_s=600)
    assert tenths(relieved, "f") < tenths(states, "f")
    assert count(around().of("f"), {"f": Demand(1, 2, 3), "a": Demand(9, 9, 9)}, {"h": 4, "i": 8}) == Near(1, 2, 3, 4)


def test_surge_climbs_in_tenths_and_not_at_once() -> None:
    shown = [state.tenths for state in run(Demand(30, 90, 0), 3, 60)]
    assert shown[0] == STEPS and shown[-1] == RULES.cap_tenths
    assert sorted(set(shown)) == list(range(STEPS, RULES.cap_tenths + 1)), "every tenth in turn"


def test_smoothing_does_not_depend_on_how_often_it_is_done() -> None:
    demand, free = {"f": Demand(10, 60, 0)}, {"f": 8}
    often: dict[str, SegmentSurge] = {}
    for _ in range(24):
        often = after(demand, free, often, dt_s=5)
    once = after(demand, free, dt_s=120)
    assert often["f"].level == pytest.approx(once["f"].level)


def test_switched_off_all_is_at_rest_at_once_and_a_lower_cap_holds_at_once() -> None:
    high = {"f": SegmentSurge(2.0, 20)}
    demand = {"f": Demand(60, 300, 50)}
    assert after(demand, {}, high, replace(RULES, enabled=False)) == {}
    assert after(demand, {}, high, replace(RULES, cap_tenths=13), dt_s=0)["f"].tenths == 13
    assert after(demand, {}, high, replace(RULES, cap_tenths=10)).get("f", SegmentSurge(1.0, 10)).tenths == 10


@quick
@given(towns, st.integers(10, 50))
def test_a_multiplier_is_in_tenths_between_one_and_the_cap(town: Town, cap_tenths: int) -> None:
    demand, free, last, dt_s = town
    for state in after(demand, free, last, replace(RULES, cap_tenths=cap_tenths), dt_s).values():
        assert isinstance(state.tenths, int)
        assert STEPS <= state.tenths <= cap_tenths
        assert 1 <= state.level <= cap_tenths / STEPS


@quick
@given(towns, st.sampled_from(STREET), demands, st.integers(1, 20), st.integers(0, 10))
def test_more_demand_fewer_cars_or_a_higher_cap_never_lower_a_fare(
    town: Town, where: str, more: Demand, fewer: int, wider: int
) -> None:
    demand, free, last, dt_s = town
    before = after(demand, free, last, dt_s=dt_s)
    was = demand.get(where, Demand())
    grown = Demand(was.waiting + more.waiting, was.requests + more.requests, was.unmet + more.unmet)
    short = {**free, where: max(0, free.get(where, 0) - fewer)}
    rules = replace(RULES, cap_tenths=RULES.cap_tenths + wider)
    for others in (
        after({**demand, where: grown}, free, last, dt_s=dt_s),
        after(demand, short, last, dt_s=dt_s),
        after(demand, free, last, rules, dt_s),
    ):
        assert all(tenths(others, segment) >= tenths(before, segment) for segment in STREET)


@quick
@given(demands, st.integers(0, 30), steady_states())
def test_under_steady_demand_a_fare_goes_one_way_only(demand: Demand, free: int, start: SegmentSurge) -> None:
    seen = [start.tenths, *(state.tenths for state in run(demand, free, 60, start))]
    changes = [later - earlier for earlier, later in pairwise(seen)]
    assert min(changes) >= 0 or max(changes) <= 0


@quick
@given(demands, st.integers(1, 30), st.integers(1, 4), st.integers(0, 12))
def test_demand_that_swings_a_little_does_not_make_fares_flap(demand: Demand, free: int, cars: int, more: int) -> None:
    swings = [
        (demand, free),
        (Demand(demand.waiting + more, demand.requests + more, demand.unmet), max(0, free - cars)),
    ]
    targets = [target_of(Near(one.waiting, one.requests, one.unmet, free), RULES) for one, free in swings]
    if abs(targets[1] - targets[0]) * (1 - exp(-TICK_S / RULES.rise_s)) >= 0.8 * (FALLS - RISES):
        return  # that is no little swing
    states: dict[str, SegmentSurge] = {}
    shown = []
    for tick in range(260):
        one, cars_free = swings[tick % 2]
        states = after({"f": one}, {"f": cars_free}, states)
        shown.append(tenths(states, "f"))
    settled = shown[180:]
    assert sum(later != earlier for earlier, later in pairwise(settled)) <= 1


@quick
@given(states_before, cars)
def test_without_demand_every_fare_comes_down_to_the_usual_one_and_is_forgotten(
    last: dict[str, SegmentSurge], free: dict[str, int]
) -> None:
    states = dict(last)
    for _ in range(400):
        before, states = states, after({}, free, states)
        assert all(tenths(states, segment) <= tenths(before, segment) for segment in STREET)
    assert states == {}


def test_when_a_stadium_empties_fares_rise_there_and_are_the_usual_ones_again_half_an_hour_later() -> None:
    """200 people ask within ten minutes beside six cars; two more stand too far off to count."""
    states: dict[str, SegmentSurge] = {}
    highest, last_raised_s = dict.fromkeys(STREET, STEPS), 0.0
    for tick in range(600):
        now_s = tick * TICK_S
        lately = sum(1 for number in range(200) if now_s - RULES.window_s < number * 3 <= now_s)
        waiting = min(lately, 12) if now_s < 600 else 0
        states = after({"f": Demand(waiting, lately)} if lately else {}, {"f": 6, "a": 2}, states)
        highest = {segment: max(highest[segment], tenths(states, segment)) for segment in STREET}
        last_raised_s = now_s if any(tenths(states, segment) > STEPS for segment in STREET) else last_raised_s
    assert [segment for segment in STREET if highest[segment] == RULES.cap_tenths] == ["d", "e", "f", "g", "h"]
    assert [segment for segment in STREET if highest[segment] == STEPS] == ["a", "b", "c", "i", "j", "k", "l"]
    assert 600 < last_raised_s < 600 + 1800
    assert states == {}
