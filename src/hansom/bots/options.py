"""What one run of the bots was asked for on the command line."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import available_timezones

from hansom.bots.traffic import FREE, RUSH, Traffic, at_speed
from hansom.values import Point

HELSINKI = (60.1641, 24.9351, 60.1792, 24.9535)
HELSINKI_TIME = "Europe/Helsinki"


@dataclass(frozen=True, slots=True)
class Area:
    """Where the bots live: a box in WGS 84 degrees, kept a little inside the server's service area."""

    south: float
    west: float
    north: float
    east: float

    def inside(self, north_share: float, east_share: float) -> Point:
        """The point at these shares (0..1) of the box, a twentieth away from its edges."""
        north, east = 0.05 + 0.9 * north_share, 0.05 + 0.9 * east_share
        return Point(self.south + (self.north - self.south) * north, self.west + (self.east - self.west) * east)


@dataclass(frozen=True, slots=True)
class Options:
    """Times in seconds; `run_for_s` None means until interrupted."""

    url: str = "http://127.0.0.1:8000"
    drivers: int = 60
    riders: int = 25
    seed: int = 1
    run_for_s: float | None = None
    drain_s: float = 480.0
    patience_s: float = 120.0
    position_interval_s: float = 1.0
    area: Area = Area(*HELSINKI)
    traffic: Traffic = FREE
    time_zone: str = HELSINKI_TIME
    json: bool = False


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Options from the command line; exits with status 2 and a usage line when they make no sense."""
    parser = ArgumentParser(prog="python -m hansom.bots", description=__doc__)
    given = Options()
    parser.add_argument("--url", default=given.url, help="where the gateway listens (%(default)s)")
    parser.add_argument("--drivers", type=_count, default=given.drivers, metavar="N", help="cars (%(default)s)")
    parser.add_argument("--riders", type=_count, default=given.riders, metavar="N", help="riders (%(default)s)")
    parser.add_argument("--seed", type=int, default=given.seed, metavar="N", help="of every draw (%(default)s)")
    parser.add_argument("--for", dest="run_for_s", type=_seconds, metavar="SECONDS", help="stop asking for rides then")
    parser.add_argument(
        "--drain",
        dest="drain_s",
        type=_seconds,
        default=given.drain_s,
        metavar="SECONDS",
        help="at the end, longest wait for rides under way (%(default)s); a trip may wait 300 s for a driver",
    )
    parser.add_argument(
        "--patience",
        dest="patience_s",
        type=_seconds,
        default=given.patience_s,
        metavar="SECONDS",
        help="how long one request is repeated while a part of the server is down (%(default)s)",
    )
    parser.add_argument(
        "--position-interval",
        dest="position_interval_s",
        type=_seconds,
        default=given.position_interval_s,
        metavar="SECONDS",
        help="between a car's position reports (%(default)s)",
    )
    parser.add_argument(
        "--area", type=_area, default=given.area, metavar="S,W,N,E", help="service area in degrees (central Helsinki)"
    )
    parser.add_argument(
        "--traffic",
        type=_traffic,
        default=given.traffic,
        metavar="PROFILE",
        help="speed of cars as a share of what the roads allow, such as 0.7, or `rush`: slow in the city's rush hours",
    )
    parser.add_argument(
        "--time-zone", default=given.time_zone, metavar="ZONE", help="of the city's rush hours (%(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="a JSON summary as the last line")
    options = Options(**vars(parser.parse_args(arguments)))
    if options.time_zone not in available_timezones():
        parser.error("--time-zone: one of the IANA database, such as Europe/Helsinki")
    if not options.url.startswith("http://"):
        parser.error("--url: the bots speak plain http:// only")
    return options


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ArgumentTypeError("at least 1")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e7:
        raise ArgumentTypeError("a positive number of seconds")
    return value


def _traffic(text: str) -> Traffic:
    if text == "rush":
        return RUSH
    try:
        return at_speed(float(text))
    except ValueError:
        raise ArgumentTypeError("`rush`, or a share of the roads' speed from 0.2 to 1.2") from None


def _area(text: str) -> Area:
    try:
        south, west, north, east = (float(part) for part in text.split(","))
    except ValueError:
        raise ArgumentTypeError("four numbers: south,west,north,east") from None
    if not (-90 <= south < north <= 90 and -180 <= west < east <= 180):
        raise ArgumentTypeError("south must be below north and west before east")
    return Area(south, west, north, east)
