"""`./hansom bench money`: is every cent where it belongs, however much dies; and how fast.

Trips are paid for through the service while messages come doubled, late and out of order, providers lose answers, and
the service, PostgreSQL and RabbitMQ are killed (-9) at random; then what everybody paid and got is held against a model
that knows the trips alone, the audit is asked, and errors are planted that it must find. After that: charges a second,
a payout run, and the audit of a million entries. All on databases and queues of its own, which are gone at the end.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench import report
from bench.paying import books, checks, process, rides, scale
from bench.paying.planted import plant_all
from bench.paying.scale import Size
from bench.paying.storm import BLOWS, Seen, Storm
from hansom.settings import load_config
from hansom.stack import environment
from hansom.stack.home import current_home
from hansom.stack.scratch import own_database

PARTS = ("storm", "charges", "payouts", "audit")
TARGETS_S = 60.0
PLANTED_LEAST = 20

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything."""

    trips: int
    drivers: int
    blows: dict[str, int]
    charges: int
    payouts: Size
    audit: Size


WHOLE = Plan(10_000, 500, BLOWS, 6_000, Size(5_000, 1_000, 10), Size(2_000, 250, 82))
QUICK = Plan(120, 12, {"payments": 1}, 200, Size(100, 20, 10), Size(120, 20, 10))


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line."""

    plan: Plan
    parts: tuple[str, ...]
    seed: int
    json: bool


def parse(arguments: Sequence[str] | None = None) -> Asked:
    parser = argparse.ArgumentParser(prog="hansom bench money", description=__doc__)
    parser.add_argument("--parts", default=",".join(PARTS), help="some of %(default)s")
    parser.add_argument("--trips", type=int, default=None, help=f"of the storm ({WHOLE.trips})")
    parser.add_argument("--quick", action="store_true", help="a little of everything, to see that it works")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="the JSON line only")
    given = parser.parse_args(arguments)
    parts = tuple(given.parts.split(","))
    if unknown := set(parts) - set(PARTS):
        parser.error(f"unknown parts: {', '.join(sorted(unknown))}")
    plan = QUICK if given.quick else WHOLE
    if given.trips is not None:
        plan = Plan(given.trips, max(10, given.trips // 20), plan.blows, plan.charges, plan.payouts, plan.audit)
    return Asked(plan, parts, given.seed, given.json)


def main() -> int:
    """0 when everything that must hold held, 1 when not, 2 when it could not be tried."""
    asked = parse()
    # who is told to stop still drops his databases and ends the service that he started
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
    logging.getLogger("amqp").setLevel(logging.ERROR)  # a broker that is killed does not close its channels
    say: Say = (lambda _: None) if asked.json else (lambda line: print(line, flush=True))
    environment.export(environment.read_env_file(current_home().env_file))
    config = load_config()
    began = time.monotonic()
    try:
        found = run(asked, config, say)
    except TimeoutError as exc:
        print(f"bench money: {exc}", file=sys.stderr)
        found = {"ok": False, "gave_up": str(exc).splitlines()[0]}
    found["seconds"] = round(time.monotonic() - began, 1)
    if not asked.json and "verdict" in found:
        tables(found)
    print(report.last_line("money", asked.seed, found), flush=True)
    return 0 if found["ok"] else 1


def run(asked: Asked, config: books.Settings, say: Say) -> dict[str, Any]:
    """The parts in order. Raises TimeoutError."""
    plan, seed = asked.plan, asked.seed
    found: dict[str, Any] = {}
    if "storm" in asked.parts:
        say(f"{plan.trips:,} trips are paid for; killed in the middle: {_times(plan.blows)}")
        found["storm"] = storm(config, plan, seed, say)
    if "charges" in asked.parts:
        say(f"charges a second, of {plan.charges:,} rides that wait")
        found["charges"] = scale.charges_a_second(config, seed, plan.charges, say)
    if "payouts" in asked.parts:
        say("a payout run, and one of a tenth")
        found["payouts"] = [scale.payout_run(config, seed, size, say) for size in (plan.payouts.smaller, plan.payouts)]
    if "audit" in asked.parts:
        say("the audit, of a tenth and of the whole")
        found["audit"] = [scale.audit_of(config, seed, size, say) for size in (plan.audit.smaller, plan.audit)]
    verdict = verdicts(found)
    return {"ok": all(verdict.values()), "verdict": verdict, **found}


def storm(config: books.Settings, plan: Plan, seed: int, say: Say) -> dict[str, Any]:
    """The trips, the blows, the model, the audit, the planted errors. Raises TimeoutError."""
    with own_database(config, books.SERVICE, process.SERVICE) as own:
        stories = rides.some_stories(seed, plan.trips, plan.drivers, "trip")
        seen = Seen(books.owner_engine(own))
        lived = Storm(own, stories, seed, seen, say, plan.blows)
        try:
            lived.live()
            say(f"    all answered, told and paid out after {lived.seconds:.0f} s: held against the model, audited")
            differences = checks.differences(own, seen.engine, stories)
            broken = {check["name"]: check["broken"] for check in lived.audit["checks"] if check["broken"]}
            planted = {each.name: sorted(each.broken) for each in plant_all(seen.engine) if each.rows}
            figures = checks.figures(seen.engine)
        finally:
            lived.tidy()
            seen.engine.dispose()
    missed = sorted(name for name, by in planted.items() if not by)
    say(f"    planted errors found: {len(planted) - len(missed)} of {len(planted)}")
    return {
        "trips": plan.trips,
        "seconds": round(lived.seconds, 1),
        "messages": lived.published,
        "killed": dict(lived.struck),
        "ended_by_itself": lived.ended,
        "calls": dict(sum((each.answered for each in lived.clickers), start=type(lived.struck)())),
        "calls_repeated": sum(sum(each.unanswered.values()) for each in lived.clickers),
        **figures,
        "differences": {name: lines for name, lines in differences.items() if lines},
        "audited": lived.audit["checked"],
        "broken": broken,
        "planted": len(planted),
        "missed": missed,
        "found_by": planted,
    }


def verdicts(found: dict[str, Any]) -> dict[str, bool]:
    """What must hold → whether it does, of the parts that were run."""
    said: dict[str, bool] = {}
    if stormy := found.get("storm"):
        said["every trip was charged once, and every driver got what is his"] = not stormy["differences"]
        said["the audit finds nothing in it"] = not stormy["broken"]
        said["every planted error is found"] = stormy["planted"] >= PLANTED_LEAST and not stormy["missed"]
    if runs := found.get("payouts"):
        said["each driver was sent just what he is owed, once"] = all(each["exact"] for each in runs)
        said[f"a payout run takes less than {TARGETS_S:g} s"] = runs[-1]["seconds"] < TARGETS_S
    if audits := found.get("audit"):
        said["the audit finds nothing in large books"] = not any(each["broken"] for each in audits)
        said[f"the audit takes less than {TARGETS_S:g} s"] = audits[-1]["seconds"] < TARGETS_S
    return said


def _times(blows: dict[str, int]) -> str:
    return ", ".join(f"{name} {times} times" for name, times in blows.items())


def tables(found: dict[str, Any]) -> None:
    """For people."""
    if stormy := found.get("storm"):
        told = {name: value for name, value in stormy.items() if isinstance(value, int | float)}
        report.table("The storm", ("what", "how many"), told.items())
        for name, lines in stormy["differences"].items():
            print(f"  {name}: {lines}")
        for name in stormy["missed"]:
            print(f"  not found: {name}")
    sizes = [("payout run", each["lines"], each["seconds"]) for each in found.get("payouts", ())]
    sizes += [("audit", each["entries"], each["seconds"]) for each in found.get("audit", ())]
    if sizes:
        report.table("How they grow", ("what", "rows", "seconds"), sizes)
    if charges := found.get("charges"):
        print(f"Charges: {charges['a_second']:g} a second, {charges['ratio_to_bare_commits']} of bare commits.")
    for name, holds in found["verdict"].items():
        print(f"{'held' if holds else 'BROKEN':<7} {name}")


if __name__ == "__main__":
    sys.exit(main())
