"""What was aimed at, and whether it was met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.dispatching.compared import Lot, differences
from bench.dispatching.paired import Interval, rounded

PICKUP_LESS_PERCENT, COMPLETED_MORE_POINTS = 15.0, 4.0
DAY_WITHIN_S = 300.0
THOUSAND_WITHIN_S, FIVE_THOUSAND_WITHIN_S = 1.0, 10.0


def targets(lots: Sequence[Lot], found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """By name: aim, what was measured (with its 95 % interval) and whether it is met; of the parts that were run."""
    met: dict[str, dict[str, Any]] = {}
    for lot in lots:
        met |= _of_lot(lot)
    for row in found.get("day", ()):
        met[f"20,000 rides x 1,000 drivers, {row['policy']}, s"] = _below(row["took_s"], DAY_WITHIN_S)
    for town in found.get("scale", ()):
        met |= _of_scale(town)
    if "live" in found:
        met["both demos completed rides and left none stuck"] = _demos(found["live"])
    return met


def _demos(found: Mapping[str, Any]) -> dict[str, Any]:
    ended = [found[policy]["ok"] for policy in ("nearest", "batch") if policy in found]
    return {"aim": "both", "measured": sum(ended), "interval": None, "ok": ended == [True, True]}


def _of_lot(lot: Lot) -> dict[str, dict[str, Any]]:
    met = {}
    for ours, theirs, gained in differences(lot):
        where = f"{lot.town}, {lot.load}: {ours} against {theirs}"
        if (ours, theirs) == ("batch", "nearest"):
            if lot.load == "balanced":
                met[f"{where}, pickup, %"] = _judged(gained["pickup_percent"], most=-PICKUP_LESS_PERCENT)
            if lot.load == "scarce":
                met[f"{where}, completed, points"] = _judged(gained["completed_points"], least=COMPLETED_MORE_POINTS)
        if (ours, theirs) == ("foresight", "batch"):
            met[f"{where}, completed, points"] = _judged(gained["completed_points"], least=0.0)
            met[f"{where}, earned an hour, %"] = _judged(gained["earned_percent"], least=0.0)
        if theirs != "nearest_eta":
            met[f"{where}, worst tenth of waits, s"] = _not_longer(gained["wait_worst_s"])
    return met


def _of_scale(town: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    met = {}
    for row in town["rows"]:
        where = f"{town['town']}, {row['count']:,} x {row['count']:,} {row['kind']}"
        within_s = {1_000: THOUSAND_WITHIN_S, 5_000: FIVE_THOUSAND_WITHIN_S}.get(row["count"])
        if within_s is None:
            continue
        for policy in ("batch", "foresight"):
            met[f"{where}, {policy}, s"] = _below(row[f"{policy}_s"], within_s)
        if row["kind"] == "sparse":
            for what, name in (("new", "road_times_s"), ("remembered", "again_s")):
                whole_s = row[name] + row["joined_s"] + row["batch_s"]
                met[f"{where}, batch with {what} road times, s"] = _below(whole_s, within_s)
    return met


def _judged(found: Interval, *, least: float | None = None, most: float | None = None) -> dict[str, Any]:
    """Met by the mean; `sure` when the whole interval does."""
    aim = f">= {least:+g}" if least is not None else f"<= {most:+g}"
    if least is not None:
        ok, sure = found.mean >= least, found.low >= least
    else:
        assert most is not None
        ok, sure = found.mean <= most, found.high <= most
    return {"aim": aim, "measured": rounded(found.mean, 2), "interval": _ends(found), "ok": ok, "sure": sure}


def _not_longer(found: Interval) -> dict[str, Any]:
    """Met unless the whole interval says that it is longer."""
    ok = found.mean <= 0 or found.low <= 0
    return {
        "aim": "not longer",
        "measured": rounded(found.mean, 1),
        "interval": _ends(found, 1),
        "ok": ok,
        "sure": found.high <= 0,
    }


def _below(measured: float, limit: float) -> dict[str, Any]:
    return {"aim": f"< {limit:g}", "measured": round(measured, 3), "interval": None, "ok": measured < limit}


def _ends(found: Interval, digits: int = 2) -> list[float | None]:
    return [rounded(found.low, digits), rounded(found.high, digits)]
