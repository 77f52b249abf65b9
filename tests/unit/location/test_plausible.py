"""Which positions are not believed, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.location.domain.plausible import Rules, Watched, judge, widened
from services.location.domain.positions import Position

SETTINGS: dict[str, Any] = {
    "vague_m": 100,
    "margin_m": 2000,
    "skew_s": 60,
    "fastest_mps": 70,
    "slack_m": 150,
    "agreeing": 3,
    "frozen_mps": 3,
    "frozen_fixes": 6,
    "frozen_s": 60,
    "doubt_marks": 20,
    "doubt_window_s": 300,
}
RULES = Rules.from_settings(SETTINGS)
AREAS = widened([(60.1641, 24.9351, 60.1792, 24.9535)], 2000)
NOW = 1_790_000_000_000
LAT, LNG = 60.17, 24.94
METRE = 1 / 111_195


def a_position(metres_north: float = 0, second: float = 0, driver: str = "d", **changes: Any) -> Position:
    at_ms = NOW + round(second * 1000)
    known: dict[str, Any] = {"bearing_deg": None, "speed_mps": None, "accuracy_m": None, "seq": round(second * 10)}
    return Position(driver, LAT + metres_north * METRE, LNG, at_ms, **{**known, **changes})


def marks(*positions: Position, watched: dict[str, Watched] | None = None) -> list[str | None]:
    return [position.mark for position in judge(positions, watched or {}, AREAS, RULES)[0]]


def marks_one_by_one(*positions: Position) -> list[str | None]:
    """As marks, each in a batch of its own."""
    watched: dict[str, Watched] = {}
    found: list[str | None] = []
    for position in positions:
        judged, known = judge([position], watched, AREAS, RULES)
        watched |= known
        found += [each.mark for each in judged]
    return found


def test_a_car_that_drives_is_believed() -> None:
    drive = [a_position(14 * second, second, speed_mps=14.0, accuracy_m=8.0) for second in range(60)]
    assert set(marks(*drive)) == set(marks_one_by_one(*drive)) == {None}


@pytest.mark.parametrize(
    ("metres", "seconds", "mark"),
    [
        (149, 0, None),
        (151, 0, "teleport"),
        (1000, 5, "teleport"),
        (490, 5, None),
        (510, 5, "teleport"),
        (2500, 60, None),
    ],
)
def test_further_than_a_car_gets_in_the_time_is_a_teleport(metres: float, seconds: float, mark: str | None) -> None:
    a = replace(a_position(), lat=LAT - 0.01)
    b = replace(a_position(metres, seconds), lat=LAT - 0.01 + metres * METRE, seq=1)
    assert marks(a, b) == [None, mark]


def test_what_the_receivers_say_of_their_accuracy_is_spared() -> None:
    assert marks(a_position(accuracy_m=80.0), a_position(300, 0.1, accuracy_m=80.0)) == [None, None]
    assert marks(a_position(accuracy_m=5.0), a_position(300, 0.1, accuracy_m=5.0)) == [None, "teleport"]


def test_a_car_that_really_is_elsewhere_is_believed_again_when_enough_positions_agree() -> None:
    drive = [a_position(0, 0), *(a_position(1500, second) for second in (1, 2, 3, 4))]
    assert marks_one_by_one(*drive) == marks(*drive) == [None, "teleport", "teleport", None, None]


def test_one_that_jumps_to_and_fro_is_believed_at_one_end_only() -> None:
    jumping = [a_position(1500 * (second % 2), second) for second in range(10)]
    assert marks(*jumping) == [None, "teleport"] * 5


def test_positions_that_jump_about_do_not_agree() -> None:
    jumping = [a_position(0, 0), a_position(1500, 1), a_position(-1500, 2), a_position(900, 3), a_position(1900, 4)]
    assert marks(*jumping) == [None, *["teleport"] * 4]


def test_the_same_position_twice_is_no_agreement() -> None:
    assert marks_one_by_one(a_position(), *[a_position(1500, 1)] * 5) == [None, *["teleport"] * 5]


def test_one_exact_point_is_frozen_only_while_the_telephone_says_that_it_moves() -> None:
    standing = [a_position(0, second * 5, speed_mps=0.4) for second in range(40)]
    silent = [a_position(0, second * 5) for second in range(40)]
    assert set(marks(*standing, *(replace(one, driver_id="e") for one in silent))) == {None}
    frozen = marks_one_by_one(*[a_position(0, second * 5, speed_mps=8.0) for second in range(16)])
    assert frozen == [None] * 12 + ["frozen"] * 4


def test_a_frozen_receiver_is_believed_as_soon_as_it_moves_or_the_car_stands() -> None:
    frozen = [a_position(0, second * 5, speed_mps=8.0) for second in range(16)]
    assert marks(*frozen, a_position(5, 81, speed_mps=8.0))[-1] is None
    assert marks(*frozen, a_position(0, 81, speed_mps=0.0))[-1] is None


def test_few_repeats_over_a_long_time_are_not_frozen() -> None:
    assert set(marks(*[a_position(0, second * 60, speed_mps=8.0) for second in range(5)])) == {None}


@pytest.mark.parametrize(("accuracy_m", "mark"), [(None, None), (100.0, None), (100.1, "vague"), (5000.0, "vague")])
def test_a_receiver_that_is_unsure_is_not_believed(accuracy_m: float | None, mark: str | None) -> None:
    assert marks(a_position(accuracy_m=accuracy_m)) == [mark]


@pytest.mark.parametrize(
    ("lat", "lng", "mark"),
    [(60.17, 24.94, None), (60.1960, 24.94, None), (60.1980, 24.94, "outside_area"), (60.17, 24.9880, None),
     (60.17, 24.9905, "outside_area"), (0.0, 0.0, "outside_area")],
)  # fmt: skip
def test_roads_run_a_margin_out_of_the_service_area(lat: float, lng: float, mark: str | None) -> None:
    assert marks(replace(a_position(), lat=lat, lng=lng)) == [mark]


def test_inside_any_of_several_cities_is_inside() -> None:
    there = replace(a_position(), lat=47.15, lng=9.53)
    areas = [*AREAS, *widened([(47.04, 9.47, 47.27, 9.64)], 0)]
    assert [one.mark for one in judge([there], {}, areas, RULES)[0]] == [None]


def test_a_mark_that_came_with_it_stays_and_moves_nothing() -> None:
    judged, known = judge([replace(a_position(), mark="clock_skew")], {}, AREAS, RULES)
    assert [one.mark for one in judged] == ["clock_skew"]
    assert known == {}


def test_what_is_not_believed_does_not_become_what_the_next_is_judged_by() -> None:
    assert marks(a_position(0, 0), a_position(1500, 1, accuracy_m=900.0), a_position(20, 2)) == [None, "vague", None]


def test_a_backlog_that_comes_late_is_not_judged_by_the_present() -> None:
    _, watched = judge([a_position(0, 600)], {}, AREAS, RULES)
    backlog = [a_position(1500 - 10 * second, second) for second in range(30)]
    assert set(marks(*reversed(backlog), watched=watched)) == {None}
    backlog[7] = replace(backlog[7], lat=LAT - 0.01)
    assert marks(*backlog, watched=watched) == [None] * 7 + ["teleport"] + [None] * 22


def test_the_same_positions_again_are_late_and_judged_alike() -> None:
    drive = [a_position(10 * second, second) for second in range(5)]
    _, watched = judge(drive, {}, AREAS, RULES)
    assert marks(*drive, watched=watched) == [None] * 5
    assert marks(a_position(1500, 9), watched=watched) == marks(a_position(1500, 9), watched=watched) == ["teleport"]


@given(st.lists(st.tuples(st.floats(-2000, 2000), st.floats(0, 100), st.booleans()), max_size=25), st.randoms())
def test_in_whatever_order_a_batch_comes_it_is_judged_in_order_of_time(
    rows: list[tuple[float, float, bool]], chance: Any
) -> None:
    batch = [
        a_position(metres, second, speed_mps=8.0 if moving else None, seq=i)
        for i, (metres, second, moving) in enumerate(rows)
    ]
    shuffled = list(batch)
    chance.shuffle(shuffled)
    assert judge(batch, {}, AREAS, RULES) == judge(shuffled, {}, AREAS, RULES)


def test_drivers_are_judged_each_by_himself() -> None:
    assert marks(a_position(0, 0, "a"), a_position(1500, 1, "b"), a_position(5, 2, "a")) == [None] * 3


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"vague_m": "far"}, "far"),
        ({"vague_m": -1}, "vague_m"),
        ({"agreeing": 0}, "agreeing"),
        ({"skew_s": float("nan")}, "skew_s"),
        ({"speed": 3}, "speed"),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Rules.from_settings({**SETTINGS, **changes})


def test_a_missing_setting_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="slack_m"):
        Rules.from_settings({name: value for name, value in SETTINGS.items() if name != "slack_m"})
