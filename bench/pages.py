"""`./hansom bench pages`: the console's live map with 2,000 moving cars in Chromium, and what the pages weigh.

The cars are drivers with sockets of their own who report positions; the console hears of them as any does, over its
socket. A second process has the browser: it counts the frames of the page by `requestAnimationFrame`, without cars
(the reference) and with them, each with the map standing and dragged. Where the machine has no
graphics card, Chromium draws on the same cores as everything else runs on.

Needs Debian's chromium (`apt-get install chromium`, or CHROMIUM=/path/to/it).
"""

# ruff: noqa: E402
from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import argparse
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gevent

from bench import report
from bench.load.cars import SPEED_MPS
from bench.load.enrol import DOMAIN, Enrolment, new_id
from bench.load.fleet import Fleet
from bench.location import REPOSITORY, area_of
from hansom.stack.environment import read_env_file
from hansom.values import Point

TARGET_FRAMES_A_SECOND = 30.0
TARGET_LOAD_BYTES = 300_000
LONGEST_S = 600.0
"""A drive that nobody stops ends after it."""

FIGURES = ("frames_a_second", "p50_ms", "p95_ms", "p99_ms", "max_ms", "over_50_ms")
PARTS = {
    "form": "the page before signing in",
    "empty": "the live map, cars standing nowhere",
    "empty_dragged": "the same, map dragged",
    "moving": "with the cars",
    "dragged": "with the cars, map dragged",
}


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="hansom bench pages", description=__doc__)
    port = os.environ.get("PORT", "8000")
    parser.add_argument("--url", default=os.environ.get("HANSOM_URL", f"http://127.0.0.1:{port}"))
    parser.add_argument("--home", default=os.environ.get("HANSOM_HOME") or str(REPOSITORY / ".hansom"))
    parser.add_argument("--cars", type=int, default=2000, help="(%(default)s)")
    parser.add_argument("--rides", type=int, default=500, help="of them with a rider on board (%(default)s)")
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two positions of a car (%(default)s)")
    parser.add_argument("--seconds", type=float, default=20.0, help="of counting frames (%(default)s)")
    parser.add_argument("--city", default="helsinki", help="whose service area is driven in (%(default)s)")
    parser.add_argument("--picture", type=Path, help="save what the page looked like, a PNG")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="the JSON line only")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark; 0 when both targets are met."""
    asked = parse(arguments)
    environment = read_env_file(Path(asked.home).absolute() / "env")
    if not environment:
        print(f"bench pages: no stack in {asked.home}: ./hansom up", file=sys.stderr)
        return 2
    found = run(asked, environment)
    if not asked.json:
        tables(found)
    print(report.last_line("pages", asked.seed, found), flush=True)
    return 0 if all(row["ok"] for row in found["targets"].values()) else 1


def run(asked: argparse.Namespace, environment: Mapping[str, str]) -> dict[str, Any]:
    """What was measured, with the targets."""
    box = area_of(asked.city, Path(asked.home).absolute())
    centre = Point((box.south + box.north) / 2, (box.west + box.east) / 2)
    url = urlsplit(asked.url)
    enrolment = Enrolment(dict(environment), asked.seed)
    enrolment.remove()
    try:
        people = enrolment.enrol(asked.cars, min(asked.rides, asked.cars), asked.city, centre)
        with (
            Fleet(
                (url.hostname or "127.0.0.1", url.port or 80),
                people,
                box,
                step_m=SPEED_MPS * asked.every,
                redis=environment["REDIS_URI"],
                seed=asked.seed,
            ) as fleet,
            _browser(_task(asked)) as browser,
        ):
            _heard(browser)  # `ready`: what needs no cars is measured
            connected = fleet.connect(asked.cars)
            drive = gevent.spawn(fleet.drive, asked.cars / asked.every, LONGEST_S, probes_a_second=1.0)
            _tell(browser, "go")
            found = _heard(browser)
            fleet.stop()
            drove = drive.get()
    finally:
        enrolment.remove()
    found["cars"] = {"asked": asked.cars, "sockets": connected["connected"], "positions_sent": drove["sent"]}
    found["positions_a_second"] = asked.cars / asked.every
    return {**found, **_judged(found)}


def _task(asked: argparse.Namespace) -> dict[str, Any]:
    email, password = f"{new_id()}@{DOMAIN}", secrets.token_urlsafe(12)
    command = [str(REPOSITORY / "hansom"), "ops-user", email, "--password", password]
    home = str(Path(asked.home).absolute())
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "HANSOM_HOME": home})
    who = {"email": email, "password": password}
    picture = str(asked.picture.absolute()) if asked.picture else None
    return {"url": asked.url, "seconds": asked.seconds, "cars": asked.cars * 0.99, "picture": picture, **who}


def _judged(found: Mapping[str, Any]) -> dict[str, Any]:
    """The ratios to the same page without cars, and the targets."""
    frames = found["moving"]["frames_a_second"]
    heaviest = max(load["bytes"] for load in [*found["first_load"].values(), found["live_load"]])
    return {
        "ratio_moving_to_empty": _ratio(found, "moving", "empty"),
        "ratio_empty_to_form": _ratio(found, "empty", "form"),
        "ratio_dragged_to_moving": _ratio(found, "dragged", "moving"),
        "ratio_dragged_to_empty_dragged": _ratio(found, "dragged", "empty_dragged"),
        "targets": {
            "frames_a_second": {
                "wanted": TARGET_FRAMES_A_SECOND,
                "got": frames,
                "ok": frames >= TARGET_FRAMES_A_SECOND,
            },
            "first_load_bytes": {"wanted": TARGET_LOAD_BYTES, "got": heaviest, "ok": heaviest < TARGET_LOAD_BYTES},
        },
    }


def _ratio(found: Mapping[str, Any], part: str, reference: str) -> float:
    return round(found[part]["frames_a_second"] / found[reference]["frames_a_second"], 3)


@contextmanager
def _browser(task: Mapping[str, Any]) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-W", "ignore", "-m", "bench.load.browser"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            _tell(process, task)
            yield process
        finally:
            process.terminate()


def _tell(process: subprocess.Popen[str], message: Any) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()


def _heard(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SystemExit("bench pages: the browser's process ended; what it said stands above")
    return json.loads(line)


def tables(found: Mapping[str, Any]) -> None:
    """What was measured, for people."""
    cars = f"{found['cars_shown']} cars shown, {found['positions_a_second']:.0f} positions a second"
    heads = ("", *(figure.removesuffix("_ms").replace("_", " ") for figure in FIGURES))
    rows = [(words, *(found[part][figure] for figure in FIGURES)) for part, words in PARTS.items()]
    report.table(f"frames of /ops (ms each), Chromium {found['chromium']}; {cars}", heads, rows)
    pushes = found["pushes"]
    print(f"pictures of the city: {pushes['a_second']} a second, {pushes['kib_each']} KiB each")
    loads = {f"/{page}": load for page, load in found["first_load"].items()}
    loads["/ops, live view open"] = found["live_load"]
    sizes = [(page, load["files"], _kb(load["bytes"]), _kb(load["map_bytes"])) for page, load in loads.items()]
    report.table("first load, kB as sent (gzip)", ("page", "files", "own", "map library"), sizes)
    judged = [(name, row["wanted"], row["got"], "yes" if row["ok"] else "NO") for name, row in found["targets"].items()]
    report.table("targets", ("", "wanted", "got", "met"), judged)


def _kb(size: int) -> float:
    return round(size / 1000, 1)


if __name__ == "__main__":
    sys.exit(main())
