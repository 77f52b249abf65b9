"""What the location bench shows people: the targets and how far they were met, then where the time and memory go."""

from __future__ import annotations

from typing import Any

from bench import report
from bench.load.felt import SEARCHABLE_MS

SEARCHABLE_RATE = 5000.0
OF_BARE = 0.6
MOVED_P95_MS = 1000.0
NEARBY_P95_MS = 5.0
BACK_S = 10.0
GROWTH_MIB_A_MINUTE = 1.0
MEDIAN_ERROR, P95_ERROR = 0.01, 0.04


def targets(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Each target of which this run measured something: `{name: {target, measured, ok}}`."""
    rows: dict[str, dict[str, Any]] = {}

    def add(name: str, target: str, measured: Any, ok: bool) -> None:
        rows[name] = {"target": target, "measured": measured, "ok": bool(ok)}

    if ingest := found.get("ingest"):
        rate, wanted = ingest["searchable_a_second"] or 0.0, min(SEARCHABLE_RATE, ingest["rate"])
        p99, moved = ingest["report_to_searchable_ms"]["p99"], ingest["driver_moved_ms"]["p95"]
        add("searchable a second", f">= {wanted:g}", rate, rate >= 0.99 * wanted)
        add("clients on time", "p99 late < 100 ms", ingest["clients_late_ms"]["p99"], ingest["clients_on_time"])
        if bare := found.get("bare"):
            ratio = round(rate / bare["answers_a_second"], 2) if bare["answers_a_second"] else None
            add("of the bare Nameko socket", f">= {OF_BARE:g}", ratio, ratio is not None and ratio >= OF_BARE)
        if plain := found.get("plain"):
            found["times_the_plain_way"] = round(rate / max(1.0, plain["answers_a_second"]), 1)
        add("report to searchable p99, ms", f"< {SEARCHABLE_MS:g}", p99, below(p99, SEARCHABLE_MS))
        add("report to rider's socket p95, ms", f"< {MOVED_P95_MS:g}", moved, below(moved, MOVED_P95_MS))
        grown = max((row["mib_a_minute"], name) for name, row in services(ingest["memory"]).items())
        add(
            "growth, MiB a minute",
            f"< {GROWTH_MIB_A_MINUTE:g}",
            f"{grown[0]} ({grown[1]})",
            grown[0] < GROWTH_MIB_A_MINUTE,
        )
    for part in ("ingest", "empty", "kill"):
        if part in found:
            rides = found[part]["rides"]
            add(f"lost from rides: {part}", "0", f"{rides['lost']} of {rides['sent']}", rides["lost"] == 0)
    if emptied := found.get("empty"):
        back = emptied["right_again_s"]
        add("Redis emptied: right again, s", f"< {BACK_S:g}", back, below(back, BACK_S))
    if killed := found.get("kill"):
        for name, row in killed["blows"].items():
            back = row["searchable_again_s"]
            add(f"{name}: searchable again, s", f"< {BACK_S:g}", back, below(back, BACK_S))
    for row in found.get("searches", {}).get("sizes", ()):
        if row["drivers"] == 25_000:
            add("nearby search p95, ms", f"< {NEARBY_P95_MS:g}", row["p95_ms"], row["p95_ms"] < NEARBY_P95_MS)
    if "distance" in found:
        met = found["distance"].get("targets_met", False)
        add("matched distance", f"median <= {MEDIAN_ERROR:.0%}, p95 <= {P95_ERROR:.0%}", "see below", met)
    return rows


def below(value: float | None, bound: float) -> bool:
    return value is not None and value < bound


def services(memory: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Hansom's own processes, without servers and clients."""
    others = ("postgres", "rabbitmq", "redis", "mongo", "osrm", "epmd", "clients")
    return {name: row for name, row in memory.items() if not name.startswith(others)} or {"-": {"mib_a_minute": 0.0}}


def tables(found: dict[str, Any]) -> None:
    """Everything, the verdict first."""
    rows = [
        (name, row["target"], row["measured"], "yes" if row["ok"] else "NO") for name, row in found["targets"].items()
    ]
    report.table("Targets", ("", "target", "measured", "met"), rows)
    if "bare" in found or "plain" in found:
        both: list[tuple[str, Any]] = [
            (name, found[name]["answers_a_second"]) for name in ("bare", "plain") if name in found
        ]
        if "times_the_plain_way" in found:
            both.append(("Hansom, times the plain way", found["times_the_plain_way"]))
        report.table("In the same run", ("", "positions a second"), both)
    drives: dict[str, dict[str, Any]] = {name: found[name] for name in ("ingest", "empty", "kill") if name in found}
    drives |= {f"limit {row['rate']:g}": row for row in found.get("limit", {}).get("rates", ())}
    if "nearby" in found:
        drives["nearby"] = found["nearby"]["while"]
        asked = found["nearby"]
        print(f"GET /v1/drivers/nearby while they drive: {asked['http_ms']} ms, {asked['answers']}")
    report.table(
        "Positions",
        ("part", "rate", "searchable/s", "of sent", "p50", "p95", "p99 ms", "rider p95 ms", "late p99 ms", "cores"),
        [(name, *_drive_row(row)) for name, row in drives.items()],
    )
    processes = dict.fromkeys(name for row in drives.values() for name in row["cpu_us_a_position"])
    report.table(
        "CPU µs a position, by process",
        ("process", *drives),
        [(name, *(row["cpu_us_a_position"].get(name) for row in drives.values())) for name in processes],
    )
    if "ingest" in found:
        report.table(
            "Memory while it ran, MiB",
            ("process", "at first", "at last", "a minute"),
            [(name, *row.values()) for name, row in found["ingest"]["memory"].items()],
        )
    if "memory" in found:
        sizes = [(row["sockets"], row["gateways_mib"]) for row in found["memory"]["rows"]]
        report.table("Gateways' memory", ("sockets", "MiB"), [(0, found["memory"]["at_0_mib"]), *sizes])

    _others(found)


def _others(found: dict[str, Any]) -> None:
    """What benchmarks of their own found."""
    if sizes := found.get("searches", {}).get("sizes"):
        names = ("drivers", "moved_a_second", "p50_ms", "p95_ms", "p99_ms")
        report.table("Nearby search by itself", names, [[size[name] for name in names] for size in sizes])
    if rows := found.get("distance", {}).get("rows"):
        columns = ("city", "seed", "noise m", "median %", "p95 %", "straight lines: median %", "p95 %")
        errors = [(row["error"], row["hops_error"]) for row in rows]
        shown = [
            (row["city"], row["seed"], row["noise_m"], *(each[p] for each in pair for p in ("median", "p95")))
            for row, pair in zip(rows, errors, strict=True)
        ]
        report.table("Error of the matched distance", columns, shown)


def _drive_row(row: dict[str, Any]) -> tuple[Any, ...]:
    found = row["report_to_searchable_ms"]
    return (
        f"{row['rate']:g}",
        row["searchable_a_second"],
        f"{row['searchable']} / {row['sent']}",
        *(found[name] for name in ("p50", "p95", "p99")),
        row["driver_moved_ms"]["p95"],
        row["clients_late_ms"]["p99"],
        row["cpu_cores_used"],
    )
