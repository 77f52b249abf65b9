"""The picture of a ride's way, as SVG that stands in a page: no script, no style, nothing fetched.

Everything is drawn with attributes: a page's policy forbids styles in its elements, and WeasyPrint draws the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import cos, hypot, radians

from hansom.values import METRES_A_DEGREE

WIDTH, HEIGHT, MARGIN = 680.0, 240.0, 30.0
"""Of the drawing, in its own units; the page scales it."""

SMALLEST_M = 150.0
"""A ride round the corner is not drawn larger than if it had been so long."""

DEVIATION = 0.4
"""The drawn line is nowhere further from the driven one than this, in units of the drawing."""

NEAR = 0.5
POINTS_MAX = 1_000
"""Points nearer to each other than NEAR are one, and of more than so many only some are looked at: a drawing must not
keep others waiting."""

PASSED_MAX = 30

TOGETHER = 14.0
"""Ends nearer to each other than this have one mark: two would hide each other's letters."""

SCALES_M = tuple(step * 10**power for power in range(1, 6) for step in (1, 2, 5))
SCALE_LONGEST = 150.0

WATER, ROAD, GROUND = "#cfe0ec", "#ffffff", "#eef0ea"
ROAD_WIDTHS = {"small": 3.0, "street": 4.5, "main": 6.0, "motorway": 7.5}
WAY, BEGIN, END, INK = "#1f4e8c", "#1b6b3a", "#a32020", "#333333"
FONT = "DejaVu Sans, Liberation Sans, Arial, sans-serif"

LatLng = tuple[float, float]
XY = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """Degrees: what a picture shows of the world."""

    south: float
    west: float
    north: float
    east: float


@dataclass(frozen=True, slots=True)
class Backdrop:
    """What lies around the way: roads by class, and areas of water with their holes."""

    roads: Sequence[tuple[str, Sequence[LatLng]]] = ()
    water: Sequence[Sequence[Sequence[LatLng]]] = ()


NOTHING_AROUND = Backdrop()


class Frame:
    """Places a way in the drawing: equal scale both ways, north up, the way in the middle.

    Raises ValueError for fewer than two points. A way over the 180th meridian is not drawn around the world.
    """

    def __init__(self, way: Sequence[LatLng]) -> None:
        if len(way) < 2:
            raise ValueError("a way has two points at least")
        lngs = [lng for _, lng in way]
        self._is_over_180 = max(lngs) - min(lngs) > 180
        lats, lngs = [lat for lat, _ in way], [self._unrolled(lng) for lng in lngs]
        self._lat0, self._lng0 = (min(lats) + max(lats)) / 2, (min(lngs) + max(lngs)) / 2
        self._wide_m = METRES_A_DEGREE * max(0.01, cos(radians(self._lat0)))
        across = max((max(lngs) - min(lngs)) * self._wide_m, SMALLEST_M)
        upright = max((max(lats) - min(lats)) * METRES_A_DEGREE, SMALLEST_M)
        self.units_a_metre = min((WIDTH - 2 * MARGIN) / across, (HEIGHT - 2 * MARGIN) / upright)

    def _unrolled(self, lng: float) -> float:
        return lng + 360 if self._is_over_180 and lng < 0 else lng

    def place(self, point: LatLng) -> XY:
        lat, lng = point
        x = WIDTH / 2 + (self._unrolled(lng) - self._lng0) * self._wide_m * self.units_a_metre
        y = HEIGHT / 2 - (lat - self._lat0) * METRES_A_DEGREE * self.units_a_metre
        return x, y

    @property
    def box(self) -> Box:
        """What of the world is in the drawing."""
        up = HEIGHT / 2 / self.units_a_metre / METRES_A_DEGREE
        aside = WIDTH / 2 / self.units_a_metre / self._wide_m
        return Box(self._lat0 - up, self._lng0 - aside, self._lat0 + up, self._lng0 + aside)

    @property
    def scale_m(self) -> int:
        """The longest round length that fits the scale bar."""
        fitting = [metres for metres in SCALES_M if metres * self.units_a_metre <= SCALE_LONGEST]
        return fitting[-1] if fitting else SCALES_M[0]


def draw(way: Sequence[LatLng], title: str, scale: str, around: Backdrop = NOTHING_AROUND) -> str:
    """The way as an SVG element. `title` is read out instead of it; `scale` is written at the scale bar.

    Raises ValueError for fewer than two points.
    """
    frame = Frame(way)
    line = simplified([frame.place(point) for point in way])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'width="{WIDTH:g}" height="{HEIGHT:g}" font-family="{FONT}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH:g}" height="{HEIGHT:g}" fill="{GROUND}"/>',
        *_around(frame, around),
        _path(line, WAY, 5),
        *_ends(line[0], line[-1]),
        *_scale_bar(frame, scale),
        "</svg>",
    ]
    return "".join(parts)


def _around(frame: Frame, around: Backdrop) -> list[str]:
    water = [
        "".join(f"{_d([frame.place(point) for point in ring])}Z" for ring in rings if len(ring) > 2)
        for rings in around.water
    ]
    # one path each: where areas of two tiles lap over, evenodd would take both away
    filled = [f'<path d="{d}" fill="{WATER}" fill-rule="evenodd"/>' for d in water if d]
    drawn = [_roads(frame, around, name, width) for name, width in ROAD_WIDTHS.items()]
    return [*filled, *drawn]


def _roads(frame: Frame, around: Backdrop, name: str, width: float) -> str:
    """All roads of a class as one path; those out of sight are left out."""
    lines = [
        [frame.place(point) for point in line] for class_, line in around.roads if class_ == name and len(line) > 1
    ]
    d = "".join(_d(simplified(line)) for line in lines if _is_in_sight(line))
    return f'<path d="{d}" fill="none" stroke="{ROAD}" stroke-width="{width:g}" stroke-linejoin="round"/>' if d else ""


def _is_in_sight(line: Sequence[XY]) -> bool:
    xs, ys = [x for x, _ in line], [y for _, y in line]
    return max(xs) >= 0 and min(xs) <= WIDTH and max(ys) >= 0 and min(ys) <= HEIGHT


def _path(line: Sequence[XY], colour: str, width: float) -> str:
    return (
        f'<path d="{_d(line)}" fill="none" stroke="{colour}" stroke-width="{width:g}" '
        'stroke-linecap="round" stroke-linejoin="round"/>'
    )


def _d(line: Sequence[XY]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in line)


def _ends(begin: XY, end: XY) -> list[str]:
    """Where it begins and ends, as one mark where that is one place in the drawing."""
    if hypot(begin[0] - end[0], begin[1] - end[1]) < TOGETHER:
        return _end(end, WAY, "AB")
    return [*_end(begin, BEGIN, "A"), *_end(end, END, "B")]


def _end(at: XY, colour: str, letter: str) -> list[str]:
    x, y = at
    size = 13 if len(letter) == 1 else 11
    return [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="11" fill="{colour}" stroke="#ffffff" stroke-width="2"/>',
        f'<text x="{x:.1f}" y="{y + 4.6:.1f}" font-size="{size}" font-weight="bold" text-anchor="middle" '
        f'fill="#ffffff">{letter}</text>',
    ]


def _scale_bar(frame: Frame, scale: str) -> list[str]:
    long = frame.scale_m * frame.units_a_metre
    left, below = 16.0, HEIGHT - 14.0
    bar = f"M{left:g} {below - 6:g}V{below:g}H{left + long:.1f}V{below - 6:g}"
    return [
        f'<path d="{bar}" fill="none" stroke="{INK}" stroke-width="1.5"/>',
        f'<text x="{left + long / 2:.1f}" y="{below - 5:g}" font-size="12" text-anchor="middle" fill="{INK}">'
        f"{escape(scale)}</text>",
    ]


def simplified(line: Sequence[XY], tolerance: float = DEVIATION) -> list[XY]:
    """The line with fewer points, nowhere much further than `tolerance` from the given one.

    Goes along it once, as far as one straight piece does for what it passed, and looks back over a few points only:
    the better ways (Douglas and Peucker's) take the square of the points for a line that turns at each of them.
    """
    line = _thinned(line)
    kept, first = [line[0]], 0
    for at in range(2, len(line)):
        passed = line[first + 1 : at]
        if len(passed) > PASSED_MAX or any(_away(point, line[first], line[at]) > tolerance for point in passed):
            first = at - 1
            kept.append(line[first])
    return [*kept, line[-1]]


def _thinned(line: Sequence[XY]) -> list[XY]:
    kept = [line[0]]
    for point in line[1:-1]:
        if hypot(point[0] - kept[-1][0], point[1] - kept[-1][1]) >= NEAR:
            kept.append(point)
    kept.append(line[-1])
    step = max(1.0, (len(kept) - 1) / (POINTS_MAX - 1))
    return [kept[round(i * step)] for i in range(min(len(kept), POINTS_MAX))]


def _away(point: XY, begin: XY, end: XY) -> float:
    """From a point to a straight piece."""
    dx, dy = end[0] - begin[0], end[1] - begin[1]
    long2 = dx * dx + dy * dy
    share = 0.0 if long2 == 0 else ((point[0] - begin[0]) * dx + (point[1] - begin[1]) * dy) / long2
    share = min(1.0, max(0.0, share))
    return hypot(point[0] - begin[0] - share * dx, point[1] - begin[1] - share * dy)


__all__ = ["Backdrop", "Box", "Frame", "draw", "simplified"]
