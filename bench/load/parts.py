"""The parts of the location bench, one function each: what it does and what it puts into the JSON line."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Protocol

import gevent
import orjson

from bench.load import blows
from bench.load.cars import Box
from bench.load.felt import SEARCHABLE_MS
from bench.load.nearby import Askers
from bench.load.stage import LATE_MS, Stage

REPOSITORY = Path(__file__).resolve().parents[2]
ECHO_SOCKETS = 400
POSITION_BYTES = 165
"""Of a position's text, so that the bare socket's frames are as long."""
READY_WITHIN_S, READY_ANSWERS = 60.0, 10
WARM, MEMORY_AT = 100, 10_000
SETTLE_S = 3.0
WARM_UP_S = 15.0
"""Each driver's first positions make him known to location, by look-ups in bulk; they are no part of a steady rate."""
KEPT_UP = 0.99
KILL_RATE_SHARE = 0.3
ASKED_A_SECOND = 5.0
OTHERS_TIMEOUT_S = 900


class Asked(Protocol):
    """What parts take from the command line."""

    host: tuple[str, int]
    home: str
    rate: float
    seconds: float
    part_seconds: float
    rates: tuple[float, ...]
    box: Box
    seed: int


def echo(stage: Stage, host: tuple[str, int], method: str, seconds: float) -> dict[str, Any]:
    """Answers a second of a plain Nameko service to the same clients, each of which waits for its answer."""
    row = stage.fleet.echo(ECHO_SOCKETS, seconds, method, POSITION_BYTES, host)
    stage.say(f"  {row['answers_a_second']:.0f} a second")
    return {"sockets": ECHO_SOCKETS, **row}


def memory(stage: Stage, drivers: int, host: tuple[str, int]) -> dict[str, Any]:
    """Memory of the gateways by number of authenticated sockets. The first hundred are not counted: they warm it up."""
    stage.processes.start_anew("gateway")  # memory that earlier sockets left behind would be used again
    _wait_ready(host)
    began, rows = time.monotonic(), []
    before = _gateways_mib(stage)
    problems: list[str] = []
    connected = 0
    for wanted in (WARM, MEMORY_AT, drivers):
        if wanted <= drivers and connected < wanted:
            answer = stage.fleet.connect(wanted)
            problems += answer["problems"]
            connected = answer["connected"]
            gevent.sleep(SETTLE_S)
            rows.append({"sockets": connected, "gateways_mib": _gateways_mib(stage)})
            stage.say(f"  {connected} sockets: {rows[-1]['gateways_mib']} MiB")
    measured = [row for row in rows if row["sockets"] <= MEMORY_AT] if drivers >= MEMORY_AT else rows
    first, last = measured[0], measured[-1]
    more = last["sockets"] - first["sockets"]
    return {
        "gateways": len(stage.processes.pids("gateway")),
        "at_0_mib": before,
        "rows": rows,
        "kib_a_socket": round(1024 * (last["gateways_mib"] - first["gateways_mib"]) / more, 1) if more else None,
        "connected": connected,
        "opened_a_second": round(connected / (time.monotonic() - began), 1),
        "problems": problems[:5],
        "open_files_of_a_process": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
    }


def _wait_ready(host: tuple[str, int]) -> None:
    """Until as many answers in a row say so as reach each of several gateways on one port."""
    until, in_a_row = time.monotonic() + READY_WITHIN_S, 0
    while in_a_row < READY_ANSWERS and time.monotonic() < until:
        connection = HTTPConnection(*host, timeout=5)
        try:
            connection.request("GET", "/ready")
            in_a_row = in_a_row + 1 if connection.getresponse().status == 200 else 0
        except (OSError, HTTPException):
            in_a_row = 0
            gevent.sleep(0.2)
        finally:
            connection.close()


def _gateways_mib(stage: Stage) -> float:
    return round(sum(mib for name, mib in stage.processes.rss_mib().items() if name.startswith("gateway")), 1)


def ingest(stage: Stage, asked: Asked) -> dict[str, Any]:
    """The steady rate, for as long as was asked."""
    stage.say("every driver's first positions")
    stage.drive(asked.rate, WARM_UP_S)
    stage.say(f"{asked.rate:g} positions a second for {asked.seconds:g} s")
    return _told(stage, stage.drive(asked.rate, asked.seconds))


def limit(stage: Stage, asked: Asked) -> dict[str, Any]:
    """Rising rates until one is not kept up with; the highest that was."""
    rows: list[dict[str, Any]] = []
    for rate in asked.rates:
        stage.say(f"{rate:g} positions a second for {asked.part_seconds / 2:g} s")
        rows.append(_told(stage, stage.drive(rate, asked.part_seconds / 2)))
        if not rows[-1]["kept_up"]:
            break
    return {"kept_up_with": max((row["rate"] for row in rows if row["kept_up"]), default=None), "rates": rows}


def nearby(stage: Stage, asked: Asked) -> dict[str, Any]:
    """Searches over HTTP while all drivers move."""
    stage.say(f"{ASKED_A_SECOND:g} searches a second over HTTP while they drive")
    askers = Askers(asked.host, stage.people.riders, asked.box, asked.seed)
    seconds = asked.part_seconds / 2
    asking = gevent.spawn_later(5.0, askers.ask, ASKED_A_SECOND, seconds - 6)
    row = _told(stage, stage.drive(asked.rate, seconds))
    return {**asking.get(), "while": row}


def empty(stage: Stage, asked: Asked) -> dict[str, Any]:
    """Redis emptied under the full rate."""
    stage.say("Redis is emptied")
    return _told(stage, blows.empty_redis(stage, asked.rate, asked.part_seconds, asked.seed))


def kill(stage: Stage, asked: Asked) -> dict[str, Any]:
    """location killed and RabbitMQ restarted, under a lower rate."""
    rate = asked.rate * KILL_RATE_SHARE
    stage.say(f"location is killed and RabbitMQ restarted under {rate:g} positions a second")
    return _told(stage, blows.kill_and_restart(stage, asked.home, rate, asked.part_seconds))


def _told(stage: Stage, row: dict[str, Any]) -> dict[str, Any]:
    """The row without what only the parts need, with the verdict, and said in a line."""
    row.pop("_searchable")
    late, searchable, achieved = (
        row["clients_late_ms"]["p99"],
        row["report_to_searchable_ms"]["p99"],
        row["searchable_a_second"],
    )
    row["clients_on_time"] = late is not None and late < LATE_MS
    row["kept_up"] = (
        row["clients_on_time"]
        and row["searchable"] >= row["sent"]
        and (achieved is None or achieved >= KEPT_UP * row["rate"])
        and searchable is not None
        and searchable < SEARCHABLE_MS
    )
    rides = row["rides"]
    stage.say(
        f"  {row['searchable']} of {row['sent']} searchable, {achieved or '-'} a second, p99 {searchable} ms; "
        f"clients late p99 {late} ms; rides: {rides['in_mongodb']} of {rides['sent']} in MongoDB; "
        f"{row['cpu_cores_used']} cores"
    )
    return row


def searches(extracts: Sequence[Path], environment: dict[str, str], seed: int) -> dict[str, Any]:
    """Nearby search by itself, at three sizes of fleet, while they move."""
    return _other("bench.load.searches", ["--seed", str(seed)], environment)


def distance(extracts: Sequence[Path], environment: dict[str, str], seed: int) -> dict[str, Any]:
    """The distance of simulated drives; see `./hansom bench distance`."""
    arguments = ["--json"]
    for extract in extracts:
        arguments += ["--extract", str(extract)]
    return _other("bench.distance", arguments, environment)


def _other(module: str, arguments: Sequence[str], environment: dict[str, str]) -> dict[str, Any]:
    """What another benchmark says in its last line. It runs in a process of its own: its services need eventlet."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", module, *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=OTHERS_TIMEOUT_S,
    )
    lines = done.stdout.strip().splitlines()
    if not lines:
        return {"failed": f"{module} ended with {done.returncode}"}
    found = orjson.loads(lines[-1])
    return {name: value for name, value in found.items() if name not in ("bench", "machine", "seed")}
