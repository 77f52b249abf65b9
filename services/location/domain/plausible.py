"""Which positions are not believed, and why: the rules that `POSITION_RULES` in config.yaml sets.

A position is judged against the driver's last believed one, in order of time. One that is not believed gets a mark:

| mark | it is given to a position that |
|---|---|
| `clock_skew` | says it is from the future, further than a clock may be off |
| `vague` | may be off by more than `vague_m` metres, as the receiver itself says |
| `outside_area` | lies outside every city's service area, more than `margin_m` metres |
| `teleport` | is further away than a car gets in the time at `fastest_mps`, `slack_m` and both accuracies to spare |
| `frozen` | repeats one exact point while the telephone says that it moves, `frozen_fixes` times and for `frozen_s` |

The first that holds is the mark. A car that really is elsewhere (a ferry, a telephone that slept) is believed again as
soon as `agreeing` positions in a row agree with one another. A position that comes late, older than the last believed
one, says nothing about speed since: it is judged by itself and against the late ones that came with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from math import cos, radians
from typing import Any

from hansom.values import METRES_A_DEGREE, plane_distance_m
from services.location.domain.positions import Position

Box = tuple[float, float, float, float]
"""South, west, north, east in degrees."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings `POSITION_RULES`, as config.yaml explains them."""

    vague_m: float
    margin_m: float
    skew_s: float
    fastest_mps: float
    slack_m: float
    agreeing: int
    frozen_mps: float
    frozen_fixes: int
    frozen_s: float
    doubt_marks: int
    doubt_window_s: float

    @classmethod
    def from_settings(cls, raw: Mapping[str, Any]) -> Rules:
        """The rules as set. Raises ValueError naming what is missing, unknown or no number that makes sense."""
        names = [field.name for field in fields(cls)]
        if sorted(raw) != sorted(names):
            raise ValueError(f"POSITION_RULES: {', '.join(sorted(set(raw) ^ set(names)))} missing or unknown")
        try:
            values = {name: float(raw[name]) for name in names}
        except (TypeError, ValueError) as exc:
            raise ValueError(f"POSITION_RULES: {exc}") from exc
        wrong = [name for name, value in values.items() if not 0 <= value < 1e9]
        counted = {name: int(values[name]) for name in ("agreeing", "frozen_fixes", "doubt_marks")}
        wrong += [name for name, value in counted.items() if value < 1 and name not in wrong]
        if wrong:
            raise ValueError(f"POSITION_RULES: {', '.join(wrong)} out of range")
        return cls(**{**values, **counted})  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Jump:
    """Positions in a row that agree with one another, though not with the last believed one."""

    newest: Position
    count: int


@dataclass(frozen=True, slots=True)
class Watched:
    """What is known of a driver for judging his next position.

    `still` positions have repeated the last one's point while moving by their own account, since `still_ms`.
    """

    last: Position
    jump: Jump | None = None
    still: int = 0
    still_ms: int = 0


def judge(
    positions: Iterable[Position], watched: Mapping[str, Watched], areas: Sequence[Box], rules: Rules
) -> tuple[list[Position], dict[str, Watched]]:
    """The positions in order of time, with their marks, and what is known then of the drivers who sent them.

    `areas` are those of `widened`. `watched` is left as it is: whoever takes the positions keeps the new knowledge once
    they are safe, so that taking them again gives the same.
    """
    judged: list[Position] = []
    known: dict[str, Watched] = {}
    late: dict[str, Watched] = {}
    for position in sorted(positions, key=_when):
        mark = position.mark or _mark_by_itself(position, areas, rules)
        if mark is None:
            driver_id = position.driver_id
            seen = known.get(driver_id) or watched.get(driver_id)
            if seen is not None and _when(position) <= _when(seen.last):
                mark, late[driver_id] = _step(late.get(driver_id), position, rules)
            else:
                mark, known[driver_id] = _step(seen, position, rules)
        judged.append(position if mark == position.mark else replace(position, mark=mark))
    return judged, known


def _when(position: Position) -> tuple[int, int]:
    return position.at_ms, position.seq


def _mark_by_itself(position: Position, areas: Sequence[Box], rules: Rules) -> str | None:
    if position.accuracy_m is not None and position.accuracy_m > rules.vague_m:
        return "vague"
    for south, west, north, east in areas:
        if south <= position.lat <= north and west <= position.lng <= east:
            return None
    return "outside_area"


def _step(seen: Watched | None, position: Position, rules: Rules) -> tuple[str | None, Watched]:
    """The mark of a position by what was before it, and what is known after it."""
    if seen is None:
        return None, _believed(None, position, rules)
    if _reachable(seen.last, position, rules):
        after = _believed(seen, position, rules)
        frozen = after.still >= rules.frozen_fixes and position.at_ms - after.still_ms >= rules.frozen_s * 1000
        return ("frozen" if frozen else None), after
    jump = seen.jump
    if jump is None or not _reachable(jump.newest, position, rules):
        jump = Jump(position, 1)
    elif _when(position) > _when(jump.newest):
        jump = Jump(position, jump.count + 1)
    if jump.count >= rules.agreeing:
        return None, _believed(None, position, rules)
    return "teleport", replace(seen, jump=jump)


def _believed(seen: Watched | None, position: Position, rules: Rules) -> Watched:
    if position.speed_mps is None or position.speed_mps < rules.frozen_mps:
        return Watched(position)
    if seen is None or not seen.still or (seen.last.lat, seen.last.lng) != (position.lat, position.lng):
        return Watched(position, still=1, still_ms=position.at_ms)
    return Watched(position, still=seen.still + 1, still_ms=seen.still_ms)


def _reachable(a: Position, b: Position, rules: Rules) -> bool:
    """Whether a car gets from one to the other in the time between them."""
    spare_m = rules.slack_m + (a.accuracy_m or 0.0) + (b.accuracy_m or 0.0)
    return plane_distance_m(a.lat, a.lng, b.lat, b.lng) <= rules.fastest_mps * abs(b.at_ms - a.at_ms) / 1000 + spare_m


def widened(areas: Iterable[Box], margin_m: float) -> list[Box]:
    """The areas with a margin around each: roads run out of a city."""
    return [_widened(area, margin_m / METRES_A_DEGREE) for area in areas]


def _widened(area: Box, degrees: float) -> Box:
    south, west, north, east = area
    narrow = max(0.01, cos(radians(max(abs(south), abs(north)))))
    return south - degrees, west - degrees / narrow, north + degrees, east + degrees / narrow
