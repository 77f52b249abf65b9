"""`./hansom bench ride`: whole rides a second, at rising load, and what each costs.

Open loop: rides start on a timetable whether earlier ones ended or not, so a slow server meets a growing crowd. A ride
is quote, request, offer over the socket, accept, positions, arrive, start with PIN, complete, payment, both ratings and
receipt. A rate is sustained when every ride of it ended so. The clients are one gevent process on the same cores.
"""

# ruff: noqa: E402
from gevent import monkey

monkey.patch_all()

import argparse
import os
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gevent
import orjson

from bench import report
from bench.load.counters import Servers, Tap
from bench.load.crowd import Crowd, Step
from bench.load.processes import Processes, spent
from hansom.bots.client import Refused, Unreachable
from hansom.bots.navigator import NoRoads
from hansom.bots.options import HELSINKI, Area

REPOSITORY = Path(__file__).resolve().parents[1]
RATES = "1,2,5,10,15,20"
DRIVERS_A_RATE, RIDERS_A_RATE = 18, 16
"""A ride keeps its driver and rider for about ten seconds: so many of each for every ride a second, and some more."""
SPARE = 20
ANATOMY_RATE, ANATOMY_S = 1.0, 12.0
IDLE_S = 8.0
SETTLES_IN_S = 10.0
"""After everybody is enrolled, before what goes on without rides is measured."""
OFFER_TARGET_MS = 3000.0
"""The batch window of 2 s and one more."""
REQUEST_TARGET_MS = 150.0
LATE_MS = 500.0
"""Rides that start later than this behind their timetable mean that the clients were too slow."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line."""

    url: str
    home: str
    rates: tuple[float, ...]
    seconds: float
    seed: int
    rise_on: bool
    json: bool


def parse() -> Asked:
    parser = argparse.ArgumentParser(prog="hansom bench ride", description=__doc__)
    port = os.environ.get("PORT", "8000")
    parser.add_argument("--url", default=os.environ.get("HANSOM_URL", f"http://127.0.0.1:{port}"))
    parser.add_argument("--home", default=os.environ.get("HANSOM_HOME") or str(REPOSITORY / ".hansom"))
    parser.add_argument("--rates", default=RATES, help="rides a second, rising (%(default)s)")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each rate (%(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rise-on", action="store_true", help="do not stop at the first rate that is not sustained")
    parser.add_argument("--json", action="store_true", help="the JSON line only")
    given = parser.parse_args()
    rates = tuple(float(rate) for rate in given.rates.split(","))
    home = str(Path(given.home).absolute())
    return Asked(given.url, home, rates, given.seconds, given.seed, given.rise_on, given.json)


def main() -> int:
    """Runs the benchmark; 0 when at least one rate was sustained."""
    asked = parse()
    say = (lambda *_: None) if asked.json else (lambda text: print(text, flush=True))
    crowd = Crowd(asked.url, Area(*HELSINKI), asked.seed)
    try:
        found = run(asked, crowd, say)
    except (NoRoads, Refused, Unreachable) as failure:
        print(f"bench ride: cannot start at {asked.url}: {failure}", file=sys.stderr)
        return 2
    if not asked.json:
        tables(found)
    print(report.last_line("ride", asked.seed, found), flush=True)
    return 0 if found["sustained_rides_a_second"] else 1


def run(asked: Asked, crowd: Crowd, say: Any) -> dict[str, Any]:
    """Everything in order: enrolling, what one ride causes, the bare RPC rate, then the rising rates."""
    environment = environment_of(asked.home)
    say("learning the roads")
    crowd.learn_ways()
    drivers, riders = (SPARE + round(n * max(asked.rates)) for n in (DRIVERS_A_RATE, RIDERS_A_RATE))
    say(f"enrolling {drivers} drivers and {riders} riders")
    enrol_s = crowd.enrol(drivers, riders, lambda done, of: say(f"  {done} of {of}") if done % 200 == 0 else None)
    anatomy = look_inside(crowd, environment, Processes(asked.home), say) if environment else {}
    bare = bare_rpc(environment, say) if environment else {}
    rows = []
    for rate in asked.rates:
        say(f"{rate:g} rides a second for {asked.seconds:g} s")
        rows.append(measured(crowd, rate, asked.seconds, Processes(asked.home)))
        say(f"  achieved {rows[-1]['achieved']}, lost {rows[-1]['lost']}, {rows[-1]['why_lost'] or ''}")
        if not (rows[-1]["sustained"] or asked.rise_on):
            break
    best = max((row["rate"] for row in rows if row["sustained"]), default=0)
    return {
        "sustained_rides_a_second": best,
        "bare_nameko": bare,
        "ratio_rides_to_bare_rpc": round(best / bare["rpc_a_second"], 5) if bare else None,
        "enrolled": {"drivers": drivers, "riders": riders, "seconds": round(enrol_s, 1)},
        "seconds_a_rate": asked.seconds,
        "rates": rows,
        "one_ride": anatomy,
        "targets_at_5": targets(rows),
    }


def environment_of(home: str) -> dict[str, str]:
    """What `./hansom` exports for the stack in `home`; empty when it is not a local stack of this machine."""
    try:
        text = (Path(home) / "env").read_text()
    except OSError:
        return {}
    words = (shlex.split(line)[1] for line in text.splitlines() if line.startswith("export "))
    return dict(word.split("=", 1) for word in words)


def look_inside(crowd: Crowd, environment: dict[str, str], processes: Processes, say: Any) -> dict[str, Any]:
    """RPCs, events, transactions and commands that one ride causes, less what goes on without any ride."""
    say("what one ride causes")
    servers = Servers(environment)
    gevent.sleep(SETTLES_IN_S)
    start, began = servers.counts(), processes.cpu_s()
    gevent.sleep(IDLE_S)
    idle_cores = sum(spent(began, processes.cpu_s()).values()) / IDLE_S
    idle = _minus(servers.counts(), start, 1 / IDLE_S)
    with Tap(environment["AMQP_URI"]) as tap:
        gevent.sleep(IDLE_S)
        idle_messages = Counter({key: count / IDLE_S for key, count in tap.seen.items()})
        tap.seen.clear()
        start = servers.counts()
        step = crowd.step(ANATOMY_RATE, ANATOMY_S)
        lasted_s = step.ended_at - step.began_at
        counted, seen = _minus(servers.counts(), start), Counter(tap.seen)
    rides = max(len(step.stories) - len(step.lost), 1)
    crowd.measures.start_over()
    each = {name: round((count - idle[name] * lasted_s) / rides, 1) for name, count in counted.items()}
    messages = {key: (count - idle_messages[key] * lasted_s) / rides for key, count in seen.items()}
    rpcs = _rpcs(messages)
    events: Counter[str] = Counter()
    for key, n in messages.items():
        if key.startswith("hansom.events "):
            events[key.split(" ")[1].rpartition(".")[0]] += n  # type: ignore[assignment]
    return {
        "rides": rides,
        "rpcs": round(sum(rpcs.values()), 1),
        "events": round(sum(events.values()), 1),
        **each,
        "rpcs_by_method": rpcs,
        "events_by_type": {name: round(n, 2) for name, n in sorted(events.items(), key=lambda item: -item[1])},
        "idle_a_second": {name: round(value, 1) for name, value in idle.items()},
        "idle_cpu_cores": round(idle_cores, 2),
    }


def _rpcs(messages: dict[str, float]) -> dict[str, float]:
    """Calls by `service.method`; answers come through the same exchange under the callers' ids and are left out."""
    keys = {key.removeprefix("nameko-rpc "): count for key, count in messages.items() if key.startswith("nameko-rpc ")}
    return {key: round(count, 2) for key, count in sorted(keys.items(), key=lambda item: -item[1]) if "." in key}


def _minus(after: Counter[str], before: Counter[str], scale: float = 1.0) -> dict[str, float]:
    return {name: (after[name] - before[name]) * scale for name in after}


def bare_rpc(environment: dict[str, str], say: Any) -> dict[str, float]:
    """The same run's rate of RPCs that do nothing, from processes of their own."""
    say("bare Nameko RPCs")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "bench.load.echo"],
        cwd=REPOSITORY,
        env={**os.environ, "AMQP_URI": environment["AMQP_URI"]},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return orjson.loads(done.stdout.strip().splitlines()[-1])


def measured(crowd: Crowd, rate: float, seconds: float, processes: Processes) -> dict[str, Any]:
    """One rate: its row of the report."""
    crowd.measures.start_over()
    before = processes.cpu_s()
    step = crowd.step(rate, seconds)
    used = spent(before, processes.cpu_s())
    times, errors = crowd.measures.start_over()
    rides = max(len(step.stories) - len(step.lost), 1)
    late = report.quantiles([story.started_at - story.due_at for story in step.stories])
    why = Counter(story.lost.split(":")[0] for story in step.lost)
    return {
        "rate": rate,
        "achieved": None if step.achieved is None else round(step.achieved, 2),
        "started": len(step.stories),
        "not_started": step.not_started,
        "lost": len(step.lost),
        "why_lost": dict(why),
        "first_lost": step.lost[0].lost if step.lost else None,
        "sustained": sustained(step, late),
        "request_to_offer_ms": _spans(step, "requested_at", "offered_at"),
        "completed_to_paid_ms": _spans(step, "completed_at", "paid_at"),
        "http_ms": {name: report.quantiles(values) for name, values in sorted(times.items())},
        "errors": errors,
        "cpu_ms_a_ride": {name: round(1000 * used_s / rides, 1) for name, used_s in used.items()},
        "cpu_cores_used": round(sum(used.values()) / (step.ended_at - step.began_at), 2),
        "clients_late_ms": late,
    }


def sustained(step: Step, late: dict[str, Any]) -> bool:
    """Every ride ran to its receipt, and the rides started on time and ended about as fast as they started."""
    whole = bool(step.stories) and not step.lost and not step.not_started
    return whole and late["p99"] < LATE_MS and (step.achieved is None or step.achieved >= 0.9 * step.rate)


def _spans(step: Step, start: str, end: str) -> dict[str, Any]:
    both = [(getattr(story, start), getattr(story, end)) for story in step.stories]
    return report.quantiles([ended - began for began, ended in both if began and ended])


def targets(rows: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """At five rides a second: `POST /v1/trips` p95 under 150 ms, an offer within the batch window and a second."""
    for row in rows:
        if row["rate"] == 5:
            request = row["http_ms"].get("POST /v1/trips", {}).get("p95")
            offer = row["request_to_offer_ms"]["p95"]
            return {
                "post_trips_p95_ms": request,
                "post_trips_ok": request is not None and request < REQUEST_TARGET_MS,
                "offer_p95_ms": offer,
                "offer_ok": offer is not None and offer < OFFER_TARGET_MS,
            }
    return None


def tables(found: dict[str, Any]) -> None:
    """What a person reads."""
    rows = found["rates"]
    report.table(
        "Whole rides a second",
        ("rate", "achieved", "lost", "sustained", "offer p50", "p95", "p99 ms", "paid p95 ms", "CPU ms/ride", "cores"),
        [
            (
                f"{row['rate']:g}",
                row["achieved"],
                row["lost"] + row["not_started"],
                "yes" if row["sustained"] else "no",
                *(row["request_to_offer_ms"][p] for p in ("p50", "p95", "p99")),
                row["completed_to_paid_ms"]["p95"],
                round(sum(row["cpu_ms_a_ride"].values()), 1),
                row["cpu_cores_used"],
            )
            for row in rows
        ],
    )
    names = sorted({name for row in rows for name in row["http_ms"]})
    report.table(
        "HTTP p50 / p95 / p99, ms",
        ("request", *(f"{row['rate']:g}/s" for row in rows)),
        [(name, *(_trio(row["http_ms"].get(name)) for row in rows)) for name in names],
    )
    processes = dict.fromkeys(name for row in rows for name in row["cpu_ms_a_ride"])
    report.table(
        "CPU ms a ride, by process",
        ("process", *(f"{row['rate']:g}/s" for row in rows)),
        [(name, *(row["cpu_ms_a_ride"].get(name) for row in rows)) for name in processes],
    )
    if found["one_ride"]:
        one = found["one_ride"]
        print(
            f"One ride causes {one['rpcs']} RPCs, {one['events']} events, {one['postgres_transactions']} Postgres "
            f"transactions writing {one['postgres_rows_written']} rows, {one['redis_commands']} Redis commands. "
            f"Without rides the stack uses {one['idle_cpu_cores']} cores."
        )
    if found["bare_nameko"]:
        bare = found["bare_nameko"]
        print(f"Bare Nameko: {bare['rpc_a_second']} RPC/s, {bare['alone_ms']} ms alone.")
    print(f"Sustained with nothing lost: {found['sustained_rides_a_second']:g} rides/s.")


def _trio(times: dict[str, Any] | None) -> str:
    return "-" if not times else f"{times['p50']:g} / {times['p95']:g} / {times['p99']:g}"


if __name__ == "__main__":
    sys.exit(main())
