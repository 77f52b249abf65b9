"""The running stack with bots: `./hansom demo` once for each policy with the same seed, from its own JSON summary.

Real time on real processes, so few rides: it shows that the difference is there to be seen, not how large it is.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

REPOSITORY = Path(__file__).resolve().parents[2]
POLICIES = ("nearest", "batch")
DRAIN_S = 720.0
"""A rider may wait five minutes for a car, which may come from six minutes away."""

WITHIN_S = DRAIN_S + 300.0
"""Of one demo: its services start anew, its last rides are driven to their end."""


class DemoFailed(Exception):
    """A demo ended without a summary; says why."""


@dataclass(frozen=True, slots=True)
class City:
    """What a demo is asked for: no more cars than riders, so that it matters who gets which."""

    seconds: float
    drivers: int
    riders: int
    seed: int


def demos(city: City, home: str, say: Callable[[str], Any]) -> dict[str, Any]:
    """Both demos and what differs, or `failed` and why. The stack is left as its own settings have it."""
    found: dict[str, Any] = {"seconds": city.seconds, "drivers": city.drivers, "riders": city.riders}
    environment = {**os.environ, "HANSOM_HOME": home}
    try:
        for policy in POLICIES:
            say(f"./hansom demo --policy {policy} for {city.seconds:g} s: {city.drivers} cars, {city.riders} riders")
            found[policy] = shortened(demo(city, policy, environment))
        found["less_percent"] = less(found["nearest"], found["batch"])
    except DemoFailed as failure:
        # the days that are lived meanwhile are worth their figures all the same
        say(str(failure))
        found["failed"] = str(failure)
    finally:
        command = ["./hansom", "up"]
        subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, check=False, timeout=WITHIN_S)
    return found


def demo(city: City, policy: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """The summary of one demo. Raises DemoFailed."""
    command = ["./hansom", "demo", "--policy", policy, "--for", f"{city.seconds:g}", "--drivers", str(city.drivers)]
    command += ["--riders", str(city.riders), "--seed", str(city.seed), "--drain", f"{DRAIN_S:g}", "--json"]
    try:
        done = subprocess.run(
            command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False, timeout=WITHIN_S
        )
    except subprocess.TimeoutExpired as exc:
        raise DemoFailed(f"the demo with {policy} did not end within {WITHIN_S:g} s") from exc
    last = (done.stdout.strip().splitlines() or [""])[-1]
    if not last.startswith("{"):
        raise DemoFailed(f"the demo with {policy} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    summary: dict[str, Any] = orjson.loads(last)
    return summary


def shortened(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Of a demo's summary what dispatch has a hand in."""
    counts = {name: summary[name] for name in ("requested", "completed", "cancelled", "expired", "stuck", "ok")}
    waits = {
        name: {key: summary["waits"][name][key] for key in ("count", "mean_s", "p50_s", "p90_s")}
        for name in ("request_to_assigned", "assigned_to_arrived")
    }
    return {**counts, **waits}


def less(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, float | None]:
    """By how many per cent the means of `after` are below those of `before`; None where nothing was counted."""
    found = {}
    for name in ("request_to_assigned", "assigned_to_arrived"):
        old_s, new_s = before[name]["mean_s"], after[name]["mean_s"]
        found[name] = round(100 * (old_s - new_s) / old_s, 1) if old_s and new_s is not None else None
    return found
