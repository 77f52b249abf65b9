"""`./hansom bench eta`: how far promised times are from actual ones, before and after corrections are learnt.

The running stack and a city of bots in traffic that the road server knows nothing of: a first run of rides without
corrections, then analytics learns from how their promises were kept, and the same run again with what it learnt.
Promises and times are those that riders and drivers were told over HTTP and the socket. What was learnt is forgotten
at the end: the traffic was made up.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from nameko.standalone.rpc import ClusterRpcProxy

from bench import report
from hansom.bots.options import HELSINKI, Area
from hansom.settings import load_config
from hansom.stack.environment import read_env_file

REPOSITORY = Path(__file__).resolve().parents[1]
RPC_TIMEOUT_S = 15
MORE_THAN_REFRESH_S = 5.0
FIGURES_WITHIN_S = 15.0
DRAIN_S = 190.0
"""The longest wait for the last rides of a run."""

ENROLLED_WITHIN_S = 300.0

AGREEING = 12
"""So many answers in a row with the same factor: every replica of maps has it."""


class Failed(Exception):
    """The benchmark cannot go on; says why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line."""

    url: str
    home: str
    traffic: float
    drivers: int
    riders: int
    seconds: float
    seed: int
    json: bool


def parse() -> Asked:
    parser = argparse.ArgumentParser(prog="hansom bench eta", description=__doc__)
    port = os.environ.get("PORT", "8000")
    parser.add_argument("--url", default=os.environ.get("HANSOM_URL", f"http://127.0.0.1:{port}"))
    parser.add_argument("--home", default=os.environ.get("HANSOM_HOME") or str(REPOSITORY / ".hansom"))
    parser.add_argument(
        "--traffic", type=float, default=0.65, help="speed of cars as a share of the roads' (%(default)s)"
    )
    parser.add_argument("--drivers", type=int, default=160)
    parser.add_argument("--riders", type=int, default=80)
    parser.add_argument("--seconds", type=float, default=30.0, help="in which rides are asked for, twice (%(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="the JSON line only")
    given = vars(parser.parse_args())
    return Asked(**{**given, "home": str(Path(given["home"]).absolute())})


def main() -> int:
    """Runs the benchmark; 0 when the mean error of both kinds of promise became smaller."""
    asked = parse()
    say = (lambda *_: None) if asked.json else (lambda text: print(text, flush=True))
    try:
        found = run(asked, say)
    except Failed as failure:
        print(f"bench eta: {failure}", file=sys.stderr)
        return 2
    if not asked.json:
        tables(found)
    print(report.last_line("eta", asked.seed, found), flush=True)
    return 0 if found["lowered"] else 1


def run(asked: Asked, say: Callable[[str], None]) -> dict[str, Any]:
    """Both runs and the learning between them. Raises Failed."""
    with services(asked.home) as (cluster, config):
        city, refresh_s = config["DEFAULT_CITY"], float(config["ETA_CORRECTION_REFRESH_S"])
        forget(cluster, city, refresh_s, say)
        try:
            say(f"rides at {asked.traffic:g} of the roads' speed, without corrections")
            before = ride(asked, 0)
            say("learning")
            correction = learn(cluster, city, before, refresh_s)
            say("the same again, with what was learnt")
            after = ride(asked, 1)
            errors = cluster.analytics.eta_errors({"city": city})
        finally:
            forget(cluster, city, 0.0, say)
    return {
        "traffic": asked.traffic,
        "before": before,
        "after": after,
        "correction": correction,
        "errors_ratio": {kind: ratios(before[kind], after[kind]) for kind in ("pickup", "trip")},
        "same_rides_in_analytics": {kind: errors[kind]["uncorrected"] for kind in ("pickup", "trip")},
        "lowered": all(
            after[kind]["mean_abs_error_s"] < before[kind]["mean_abs_error_s"] for kind in ("pickup", "trip")
        ),
    }


@contextmanager
def services(home: str) -> Iterator[tuple[Any, dict[str, Any]]]:
    """A way to call the services of the stack in `home`, and its settings. Raises Failed."""
    environment = read_env_file(Path(home) / "env")
    if not environment:
        raise Failed(f"there is no stack in {home}: ./hansom up")
    os.environ.update(environment)
    config = load_config()
    with ClusterRpcProxy({"AMQP_URI": config["AMQP_URI"], "serializer": "json"}, timeout=RPC_TIMEOUT_S) as cluster:
        yield cluster, config


def forget(cluster: Any, city: str, refresh_s: float, say: Callable[[str], None]) -> None:
    """No corrections from now on. When some were in force, promises of the next while could not be told apart."""
    known = cluster.analytics.eta_corrections({})["items"].get(city)
    cluster.analytics.forget_etas({"city": city})
    if refresh_s and known is not None and {*known["pickup"], *known["trip"]} != {1.0}:
        say(f"an older correction goes: {2 * refresh_s:g} s until nobody uses it")
        time.sleep(2 * refresh_s)
    if refresh_s:
        wait_for(lambda: factor(cluster, 1.0), refresh_s + MORE_THAN_REFRESH_S, "maps still corrects")


def ride(asked: Asked, number: int) -> dict[str, Any]:
    """One run of the bots: what became of the promises. Raises Failed."""
    command = [sys.executable, "-W", "ignore", "-m", "hansom.bots", "--url", asked.url, "--json"]
    command += ["--traffic", f"{asked.traffic:g}", "--seed", str(asked.seed + number), "--for", f"{asked.seconds:g}"]
    command += ["--drivers", str(asked.drivers), "--riders", str(asked.riders), "--position-interval", "2"]
    command += ["--drain", f"{DRAIN_S:g}"]
    began = time.monotonic()
    patience_s = asked.seconds + DRAIN_S + ENROLLED_WITHIN_S
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, timeout=patience_s, check=False)
    except subprocess.TimeoutExpired:
        raise Failed(f"the bots did not end within {patience_s:g} s") from None
    try:
        summary = orjson.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, orjson.JSONDecodeError):
        raise Failed(f"the bots ended with {done.returncode}: {done.stderr.strip()[-500:]}") from None
    if not summary["promises"]["pickup"]["trips"] or not summary["promises"]["trip"]["trips"]:
        raise Failed(f"no ride was completed: {summary}")
    counts = {name: summary[name] for name in ("requested", "completed", "cancelled", "expired", "stuck")}
    return {"seconds": round(time.monotonic() - began, 1), **counts, **summary["promises"]}


def learn(cluster: Any, city: str, before: dict[str, Any], refresh_s: float) -> dict[str, Any]:
    """Has analytics learn, once it has heard of the rides, and waits until maps uses it; gives the factors of now.

    Raises Failed.
    """

    def heard() -> bool:
        figures = cluster.analytics.eta_errors({"city": city})
        return all(figures[kind]["trips"] >= before[kind]["trips"] for kind in ("pickup", "trip"))

    wait_for(heard, FIGURES_WITHIN_S, "analytics has not heard of all rides")
    learnt = cluster.analytics.learn_etas({"city": city})["items"][city]
    if {*learnt["trip"]} == {1.0}:
        raise Failed("nothing was learnt: too few rides")
    began = time.monotonic()
    wait_for(lambda: factor(cluster, None), refresh_s + MORE_THAN_REFRESH_S, "maps does not use the correction")
    return {
        "pickup": sorted({*learnt["pickup"]}),
        "trip": sorted({*learnt["trip"]}),
        "in_use_after_s": round(time.monotonic() - began, 1),
    }


def factor(cluster: Any, wanted: float | None) -> bool:
    """Whether every replica of maps corrects a trip's time by `wanted`; None: by anything but 1."""
    area = Area(*HELSINKI)
    ends = {"pickup": area.inside(0.3, 0.3).as_dict(), "dropoff": area.inside(0.7, 0.7).as_dict()}
    used = {cluster.maps.route(ends)["correction"] for _ in range(AGREEING)}
    return used == {wanted} if wanted is not None else len(used) == 1 and used != {1.0}


def wait_for(is_so: Callable[[], bool], within_s: float, otherwise: str) -> None:
    """Until it is so. Raises Failed."""
    until = time.monotonic() + within_s
    while not is_so():
        if time.monotonic() > until:
            raise Failed(otherwise)
        time.sleep(0.5)


def ratios(before: dict[str, Any], after: dict[str, Any]) -> dict[str, float | None]:
    """After to before, of errors relative to how long things took: two runs are never of the very same rides."""
    found = {}
    for name in ("mean_abs_error_s", "p90_abs_error_s"):
        shares = [run[name] / run["mean_actual_s"] for run in (before, after)]
        found[name.removesuffix("_s")] = round(shares[1] / shares[0], 3) if shares[0] else None
    return found


def tables(found: dict[str, Any]) -> None:
    """What a person reads."""
    rows = []
    for kind in ("pickup", "trip"):
        for name in ("before", "after"):
            kept = found[name][kind]
            figures = (
                "trips",
                "mean_promised_s",
                "mean_actual_s",
                "mean_abs_error_s",
                "p50_abs_error_s",
                "p90_abs_error_s",
            )
            rows.append((f"{kind}, {name}", *(kept[figure] for figure in figures)))
    report.table(
        f"Promised against actual, seconds, at {found['traffic']:g} of the roads' speed",
        ("", "rides", "promised", "actual", "mean |error|", "p50", "p90"),
        rows,
    )
    for kind, each in found["errors_ratio"].items():
        factors = ", ".join(f"{value:g}" for value in found["correction"][kind])
        print(f"{kind}: mean error x {each['mean_abs_error']}, p90 x {each['p90_abs_error']}; learnt factor {factors}")


if __name__ == "__main__":
    sys.exit(main())
