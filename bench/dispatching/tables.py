"""What a person reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench import report
from bench.dispatching.compared import Lot, differences, rows


def show(lots: Sequence[Lot], found: Mapping[str, Any]) -> None:
    """A table for each part that was run."""
    for lot in lots:
        _policies(lot)
    if lots:
        _differences(lots)
    if found.get("hindsight"):
        _hindsight(found["hindsight"])
    for town in found.get("scale", ()):
        _scale(town)
    for evening in found.get("stadium", ()):
        _stadium(evening)
    if "failed" not in found.get("live", {"failed": ""}):
        _live(found["live"])
    _targets(found["targets"])


def _policies(lot: Lot) -> None:
    table_rows = []
    for row in rows(lot):
        mean = {name: cell["mean"] for name, cell in row.items() if isinstance(cell, dict)}
        table_rows.append(
            (
                row["policy"],
                f"{100 * mean['completed_share']:.1f}",
                f"{mean['pickup_mean_s']:.0f}",
                f"{mean['wait_mean_s']:.0f}",
                f"{mean['wait_worst_s']:.0f}",
                f"{100 * mean['empty_share']:.1f}",
                f"{mean['earned_an_hour'] / 100:.2f}",
                f"{mean['earned_p10_an_hour'] / 100:.2f}",
                f"{mean['gini']:.3f}",
                f"{row['cpu_s_a_day']:.1f}",
            )
        )
    columns = (
        "policy",
        "completed %",
        "pickup s",
        "request to car s",
        "worst tenth s",
        "empty %",
        "earned/h",
        "p10",
        "Gini",
        "CPU s a day",
    )
    report.table(f"{lot.town}, drivers {lot.load} ({lot.drivers})", columns, table_rows)


def _differences(lots: Sequence[Lot]) -> None:
    table_rows = []
    for lot in lots:
        for ours, theirs, gained in differences(lot):
            cells = (gained[name].text() for name in ("completed_points", "pickup_percent", "wait_worst_s"))
            earned = gained["earned_percent"].text(), gained["earned_p10_percent"].text()
            table_rows.append((f"{lot.town}, {lot.load}", f"{ours} - {theirs}", *cells, *earned))
    report.table(
        "Paired by seed, mean ± half of the 95 % interval",
        ("drivers", "policies", "completed, points", "pickup %", "worst tenth s", "earned/h %", "its p10 %"),
        table_rows,
    )


def _hindsight(gaps: Sequence[Mapping[str, Any]]) -> None:
    report.table(
        "Pickup time against the best in hindsight (5 minutes known), same riders, nobody fetched later",
        ("town", "policy", "as lived s", "best s", "gap %", "95 %"),
        [
            (
                f"{row['town']}, {row['load']}",
                row["policy"],
                row["actual_s"],
                row["best_s"],
                row["gap_percent"]["mean"],
                f"{row['gap_percent']['low']} to {row['gap_percent']['high']}",
            )
            for row in gaps
        ],
    )


def _scale(town: Mapping[str, Any]) -> None:
    growth = {kind: town["growth"][kind]["seconds"] for kind in town["growth"]}
    report.table(
        f"One batch in {town['town']}: trips x drivers. batch grows with the power "
        + ", ".join(f"{power} ({kind})" for kind, power in growth.items()),
        (
            "size",
            "pairs",
            "tables",
            "road times s",
            "again s",
            "join s",
            "nearest_eta s",
            "batch s",
            "MiB",
            "foresight s",
            "MiB",
        ),
        [
            (
                f"{row['count']:,} x {row['count']:,} {row['kind']}",
                f"{row['pairs']:,}",
                row["tables"],
                row["road_times_s"],
                row["again_s"],
                row["joined_s"],
                row["nearest_eta_s"],
                row["batch_s"],
                row["batch_mib"],
                row["foresight_s"],
                row["foresight_mib"],
            )
            for row in town["rows"]
        ],
    )


def _stadium(found: Mapping[str, Any]) -> None:
    names = {
        "completed": "completed, of 100",
        "priced_out": "did not ask at that fare, of 100",
        "left_of_asked": "asked and got nobody, of 100",
        "wait_mean_s": "request to car, s",
        "wait_worst_s": "... of the worst tenth, s",
    }
    report.table(
        f"A stadium empties in {found['town']}: {found['crowd']['requests']['with']:.0f} riders, "
        f"{found['drivers']} drivers; the crowd's rides cost {found['multiplier']['mean']} times as much",
        ("", "without surge", "with", "difference", "95 %"),
        [
            (
                f"{group}: {label}",
                found[group][name]["without"],
                found[group][name]["with"],
                found[group][name]["difference"]["mean"],
                f"{found[group][name]['difference']['low']} to {found[group][name]['difference']['high']}",
            )
            for group in ("crowd", "others")
            for name, label in names.items()
        ],
    )


def _live(found: Mapping[str, Any]) -> None:
    report.table(
        f"./hansom demo, {found['seconds']:g} s, {found['drivers']} cars, {found['riders']} riders",
        ("policy", "requested", "completed", "cancelled", "expired", "to a driver s", "p90", "driver's way s", "p90"),
        [
            (
                policy,
                *(found[policy][name] for name in ("requested", "completed", "cancelled", "expired")),
                *(
                    found[policy][wait][key]
                    for wait in ("request_to_assigned", "assigned_to_arrived")
                    for key in ("mean_s", "p90_s")
                ),
            )
            for policy in ("nearest", "batch")
        ],
    )


def _targets(targets: Mapping[str, Mapping[str, Any]]) -> None:
    report.table(
        "Targets",
        ("", "aim", "measured", "95 %", "met"),
        [
            (
                name,
                target["aim"],
                target["measured"],
                " to ".join(map(str, target["interval"])) if target["interval"] else None,
                "yes" if target["ok"] else "no",
            )
            for name, target in targets.items()
        ],
    )
