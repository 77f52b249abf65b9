"""`./hansom bench location`: positions of 25,000 drivers, from their sockets to where a search finds them.

Open loop: positions are sent on a timetable whether the server keeps up or not, over one real socket a driver, from
gevent processes on the same cores. In the same run: what a bare Nameko socket echoes to the same clients, and the plain
way (an RPC and a GEOADD for each position). Then memory, searches, Redis emptied, location killed and RabbitMQ
restarted, and the distance of simulated drives.

Above 14,000 drivers it wants two gateways: `./hansom up --replicas gateway=2`.
"""

# ruff: noqa: E402
from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from bench import report
from bench.load import parts
from bench.load.bare import Peers
from bench.load.cars import SPEED_MPS, Box
from bench.load.enrol import Enrolment
from bench.load.fleet import Fleet
from bench.load.location_tables import tables, targets
from bench.load.stage import Say, Stage
from hansom.bots.options import HELSINKI
from hansom.stack.environment import read_env_file
from hansom.values import Point

REPOSITORY = Path(__file__).resolve().parents[1]
PARTS = ("bare", "plain", "memory", "ingest", "limit", "nearby", "empty", "kill", "searches", "distance")
MARGIN = 0.03
"""Of the service area on each side: cars keep inside."""
REPORT_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line."""

    host: tuple[str, int]
    home: str
    parts: tuple[str, ...]
    drivers: int
    rides: int
    rate: float
    seconds: float
    part_seconds: float
    rates: tuple[float, ...]
    city: str
    box: Box
    extracts: tuple[Path, ...]
    seed: int
    json: bool


def parse(arguments: list[str] | None = None) -> Asked:
    parser = argparse.ArgumentParser(prog="hansom bench location", description=__doc__)
    port = os.environ.get("PORT", "8000")
    parser.add_argument("--url", default=os.environ.get("HANSOM_URL", f"http://127.0.0.1:{port}"))
    parser.add_argument("--home", default=os.environ.get("HANSOM_HOME") or str(REPOSITORY / ".hansom"))
    parser.add_argument("--parts", default=",".join(PARTS), help="which of them, in this order (%(default)s)")
    parser.add_argument("--drivers", type=int, default=25_000, help="each with a socket (%(default)s)")
    parser.add_argument("--rides", type=int, default=500, help="drivers with a rider on board (%(default)s)")
    parser.add_argument("--rate", type=float, default=0.0, help="positions a second (one of each driver every 5 s)")
    parser.add_argument("--seconds", type=float, default=300.0, help="of the ingest (%(default)s)")
    parser.add_argument("--part-seconds", type=float, default=60.0, help="of every other part (%(default)s)")
    parser.add_argument("--rates", default="6000,7000,8000", help="tried by the part limit (%(default)s)")
    parser.add_argument("--city", default="helsinki", help="a city of the stack, whose service area is driven in")
    parser.add_argument("--extract", type=Path, action="append", default=[], help="another .osm.pbf for the distance")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="the JSON line only")
    given = parser.parse_args(arguments)
    chosen = tuple(given.parts.split(","))
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"unknown parts: {', '.join(sorted(unknown))}")
    url = urlsplit(given.url)
    home = str(Path(given.home).absolute())
    return Asked(
        host=(url.hostname or "127.0.0.1", url.port or 80),
        home=home,
        parts=tuple(part for part in PARTS if part in chosen),
        drivers=given.drivers,
        rides=min(given.rides, given.drivers),
        rate=given.rate or given.drivers / REPORT_EVERY_S,
        seconds=given.seconds,
        part_seconds=given.part_seconds,
        rates=tuple(float(rate) for rate in given.rates.split(",")),
        city=given.city,
        box=area_of(given.city, Path(home)),
        extracts=tuple(given.extract),
        seed=given.seed,
        json=given.json,
    )


def area_of(city: str, home: Path) -> Box:
    """The service area of a city of the stack, less a margin; Helsinki's where nothing else is known of it."""
    path = home / "cities" / city / "city.yaml"
    edges = yaml.safe_load(path.read_text())["service_area"] if path.is_file() else HELSINKI
    south, west, north, east = map(float, edges)
    high, wide = (north - south) * MARGIN, (east - west) * MARGIN
    return Box(south + high, west + wide, north - high, east - wide)


def main() -> int:
    """Runs the benchmark; 0 when every target that was measured is met."""
    asked = parse()
    say: Say = (lambda text: None) if asked.json else (lambda text: print(text, flush=True))
    environment = read_env_file(Path(asked.home) / "env")
    if not environment:
        print(f"bench location: no stack in {asked.home}: ./hansom up --replicas gateway=2", file=sys.stderr)
        return 2
    found = run(asked, environment, say)
    found["targets"] = targets(found)
    if not asked.json:
        tables(found)
    print(report.last_line("location", asked.seed, found), flush=True)
    return 0 if all(row["ok"] for row in found["targets"].values()) else 1


def run(asked: Asked, environment: dict[str, str], say: Say) -> dict[str, Any]:
    """The parts that were asked for, in their order."""
    box = asked.box
    centre = Point((box.south + box.north) / 2, (box.west + box.east) / 2)
    enrolment = Enrolment(environment, asked.seed)
    enrolment.remove()
    say(f"enrolling {asked.drivers} drivers, {asked.rides} of them with a rider")
    people = enrolment.enrol(asked.drivers, asked.rides, asked.city, centre)
    found: dict[str, Any] = {
        "drivers": asked.drivers,
        "rides": asked.rides,
        "rate": asked.rate,
        "city": asked.city,
        "area": [box.south, box.west, box.north, box.east],
    }
    try:
        step_m, redis = SPEED_MPS * asked.drivers / asked.rate, environment["REDIS_URI"]
        with Fleet(asked.host, people, box, step_m=step_m, redis=redis, seed=asked.seed) as fleet:
            stage = Stage(environment, asked.home, people, fleet, say)
            _measure(asked, environment, stage, found)
            stage.remove()
    finally:
        enrolment.remove()
    for part in ("searches", "distance"):
        if part in asked.parts:
            say(part)
            found[part] = getattr(parts, part)(asked.extracts, environment, asked.seed)
    return found


def _measure(asked: Asked, environment: dict[str, str], stage: Stage, found: dict[str, Any]) -> None:
    if "bare" in asked.parts:
        stage.say("a bare Nameko socket that echoes")
        with Peers(environment, "Bare") as host:
            found["bare"] = parts.echo(stage, host, "echo", asked.part_seconds / 4)
    if "plain" in asked.parts:
        stage.say("the plain way: an RPC and a GEOADD for each position")
        with Peers(environment, "PlainGateway", "PlainLocation") as host:
            found["plain"] = parts.echo(stage, host, "report_position", asked.part_seconds / 4)
    if not {"memory", "ingest", "limit", "nearby", "empty", "kill"} & set(asked.parts):
        return
    stage.say(f"opening {asked.drivers} drivers' sockets and {asked.rides} riders'")
    found["memory"] = parts.memory(stage, asked.drivers, asked.host)
    stage.say(f"  {found['memory']['connected']} open; {found['memory']['kib_a_socket']} KiB each")
    for part in ("ingest", "limit", "nearby", "empty", "kill"):
        if part in asked.parts:
            found[part] = getattr(parts, part)(stage, asked)


if __name__ == "__main__":
    sys.exit(main())
