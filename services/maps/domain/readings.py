"""What a receiver said of a drive, made fit for matching: cleaned, smoothed, and gathered where the car hardly moved.

A map matcher forbids turning round in the street, so a reading that noise moved backwards costs it a way round the
block. Smoothing takes most of the noise away, gathering the backward steps that are left.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import cos, radians

from hansom.values import METRES_A_DEGREE, Point, distance_m

MAX_SPEED_MPS = 70.0
"""Faster than this between two points: the second is a wild reading."""

MAX_WILD = 3
"""After so many wild readings in a row it was the point before them that was wild."""

MAX_ACCURACY_M = 100.0
UNKNOWN_ACCURACY_M = 10.0
DEVIATION_OF_ACCURACY = 0.66
"""Standard deviation in each direction of a reading, as a share of its accuracy: telephones give the radius that holds
the truth in 68 of 100 cases, which is 1.51 deviations of a Gaussian scatter in two directions."""

LEAST_DEVIATION_M = 3.0
AGILITY = 3.0
"""How fast a car's speed wanders, m²/s³ (spectral density of its acceleration): about 4 m/s within 5 s."""

SPACING_M = 15.0
"""Readings nearer to each other than this, or than their standard deviation, are one place where the car was."""


@dataclass(frozen=True, slots=True)
class TracePoint:
    """Where a car was: `at_s` seconds since 1970, `accuracy_m` as the receiver said, or None."""

    point: Point
    at_s: float
    accuracy_m: float | None = None

    @property
    def deviation_m(self) -> float:
        accuracy_m = UNKNOWN_ACCURACY_M if self.accuracy_m is None else self.accuracy_m
        return max(LEAST_DEVIATION_M, DEVIATION_OF_ACCURACY * accuracy_m)


@dataclass(frozen=True, slots=True)
class Spot:
    """A place where a car was from one reading to another, and the standard deviation of one of these readings."""

    point: Point
    from_s: float
    until_s: float
    deviation_m: float

    @property
    def at_s(self) -> float:
        return (self.from_s + self.until_s) / 2


def clean(points: Iterable[TracePoint]) -> list[TracePoint]:
    """In order of time, one a second, without vague and wild readings."""
    ordered = sorted(points, key=lambda p: p.at_s)
    kept: list[TracePoint] = []
    wild = 0
    for point in ordered:
        if (point.accuracy_m or 0) > MAX_ACCURACY_M:
            continue
        if not kept:
            kept.append(point)
            continue
        elapsed_s = point.at_s - kept[-1].at_s
        if elapsed_s < 1:
            continue
        if distance_m(kept[-1].point, point.point) / elapsed_s <= MAX_SPEED_MPS:
            kept.append(point)
            wild = 0
            continue
        wild += 1
        if wild >= MAX_WILD:
            kept[-1] = point
            wild = 0
    return kept


def smooth(points: Sequence[TracePoint]) -> list[TracePoint]:
    """Each reading moved to where the car most likely was, by all readings before and after it.

    A Kalman filter and Rauch, Tung and Striebel's smoother (AIAA Journal 3, 1965) of a car that keeps its speed but for
    random accelerations of AGILITY, north and east each for itself.
    """
    if len(points) < 3:
        return list(points)
    origin = points[0].point
    east_m = METRES_A_DEGREE * cos(radians(origin.lat))
    times = [p.at_s for p in points]
    variances = [p.deviation_m**2 for p in points]
    norths = _smoothed([(p.point.lat - origin.lat) * METRES_A_DEGREE for p in points], times, variances)
    easts = _smoothed([(p.point.lng - origin.lng) * east_m for p in points], times, variances)
    return [
        TracePoint(Point(origin.lat + north / METRES_A_DEGREE, origin.lng + east / east_m), p.at_s, p.accuracy_m)
        for p, north, east in zip(points, norths, easts, strict=True)
    ]


def _smoothed(measured: list[float], times: list[float], variances: list[float]) -> list[float]:
    """Smoothed positions along one axis, metres. The state is position x and speed v; p is their covariance."""
    x, v, pxx, pxv, pvv = measured[0], 0.0, variances[0], 0.0, 100.0
    filtered = [(x, v, pxx, pxv, pvv)]
    predicted = [filtered[0]]
    for number in range(1, len(measured)):
        step_s = times[number] - times[number - 1]
        x += step_s * v
        pxx += 2 * step_s * pxv + step_s**2 * pvv + AGILITY * step_s**3 / 3
        pxv += step_s * pvv + AGILITY * step_s**2 / 2
        pvv += AGILITY * step_s
        predicted.append((x, v, pxx, pxv, pvv))
        gain_x, gain_v = pxx / (pxx + variances[number]), pxv / (pxx + variances[number])
        missed = measured[number] - x
        x, v = x + gain_x * missed, v + gain_v * missed
        pxx, pxv, pvv = (1 - gain_x) * pxx, (1 - gain_x) * pxv, pvv - gain_v * pxv
        filtered.append((x, v, pxx, pxv, pvv))
    smoothed = [x]
    for number in range(len(measured) - 2, -1, -1):
        step_s = times[number + 1] - times[number]
        x, v = _stepped_back(filtered[number], predicted[number + 1], step_s, x, v)
        smoothed.append(x)
    return smoothed[::-1]


def _stepped_back(
    filtered: tuple[float, ...], predicted: tuple[float, ...], step_s: float, x: float, v: float
) -> tuple[float, float]:
    """One step of the smoother: what the smoothed state (x, v) after `step_s` says of the one before."""
    here_x, here_v, pxx, pxv, pvv = filtered
    next_x, next_v, qxx, qxv, qvv = predicted
    cross_xx, cross_xv, cross_vx = pxx + step_s * pxv, pxv, pxv + step_s * pvv
    determinant = qxx * qvv - qxv**2
    by_x = ((x - next_x) * qvv - (v - next_v) * qxv) / determinant
    by_v = ((v - next_v) * qxx - (x - next_x) * qxv) / determinant
    return here_x + cross_xx * by_x + cross_xv * by_v, here_v + cross_vx * by_x + pvv * by_v


def gather(points: Sequence[TracePoint]) -> list[Spot]:
    """The places where the car was, one after the other: readings that are near to each other as their mean.

    A single reading far off among near ones does not end a place. The first and the last reading stand for
    themselves where the car was moving already, and still.
    """
    if not points:
        return []
    groups = [[points[0]]]
    for number, point in enumerate(points[1:], 1):
        group = groups[-1]
        centre, reach_m = _mean(group), max(SPACING_M, point.deviation_m)
        ahead = points[number : number + 2] if len(group) > 1 else [point]
        if any(distance_m(centre, each.point) < reach_m for each in ahead):
            group.append(point)
        else:
            groups.append([point])
    spots = [_spot(group) for group in groups]
    if distance_m(spots[0].point, points[0].point) > SPACING_M / 2:
        spots.insert(0, _spot([points[0]]))
    if distance_m(spots[-1].point, points[-1].point) > SPACING_M / 2:
        spots.append(_spot([points[-1]]))
    return spots


def _mean(group: Sequence[TracePoint]) -> Point:
    return Point(sum(p.point.lat for p in group) / len(group), sum(p.point.lng for p in group) / len(group))


def _spot(group: Sequence[TracePoint]) -> Spot:
    deviation_m = sum(p.deviation_m for p in group) / len(group)
    return Spot(_mean(group), group[0].at_s, group[-1].at_s, deviation_m)
