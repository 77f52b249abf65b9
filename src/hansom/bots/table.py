"""What somebody who watches the bots sees: a live table on a terminal, a line every few seconds otherwise."""

from __future__ import annotations

import sys
from time import monotonic

import gevent
from rich.console import Console
from rich.live import Live
from rich.table import Table

from hansom.bots.measures import FALLING_BEHIND_S, Spread
from hansom.bots.rides import STATES
from hansom.bots.world import World

TABLE_EVERY_S = 1.0
LINE_EVERY_S = 5.0
ERRORS_SHOWN = 6


def show(world: World, console: Console) -> None:
    """Runs until killed."""
    if not console.is_terminal:
        while True:
            gevent.sleep(LINE_EVERY_S)
            print(line(world), flush=True)
    with Live(console=console, auto_refresh=False, transient=False) as live:
        while True:
            live.update(table(world), refresh=True)
            gevent.sleep(TABLE_EVERY_S)


def facts(world: World) -> dict[str, str]:
    """Label → text, in the order of reading."""
    now, measures, waits = monotonic(), world.measures, world.rides.waits
    cars = world.drivers_by_state()
    states = world.rides.by_state()
    payments = [ride.payment for ride in world.rides if ride.payment]
    return {
        "rides": "  ".join(f"{state} {states[state]}" for state in STATES),
        "payments": f"captured {payments.count('payment_captured')}  failed {payments.count('payment_failed')}",
        "waits p50/p90": f"offer {_pair(waits.to_offer)}  assigned {_pair(waits.to_assigned)}  "
        f"pickup {_pair(waits.pickup)}",
        "drivers": "  ".join(f"{state} {count}" for state, count in cars.items()),
        "positions": f"{measures.positions.a_second(now):.0f}/s  late p99 {_time(measures.lateness.quantile(0.99))}",
        "http": f"{measures.requests.a_second(now):.0f}/s  p95 {_time(measures.request_times.quantile(0.95))}",
        "events": f"{measures.events}  gaps {measures.gaps}  repeats {measures.repeats}  "
        f"lost sockets {measures.sockets_lost}",
        "errors": "  ".join(f"{code} {n}" for code, n in measures.errors.most_common(ERRORS_SHOWN)) or "none",
    }


def table(world: World) -> Table:
    """The facts as a table, with a loud last row when the bots themselves are too slow."""
    seen = Table(title=f"{world.phase}, {monotonic() - world.opened_at:.0f} s", show_header=False, title_justify="left")
    for label, text in facts(world).items():
        seen.add_row(label, text)
    if world.measures.falling_behind:
        seen.add_row("[bold red]FALLING BEHIND[/]", f"[bold red]{BEHIND}[/]")
    return seen


BEHIND = f"position reports are over {FALLING_BEHIND_S:.0f} s late: the bots are too slow, not the server"


def line(world: World) -> str:
    """The facts in one line."""
    text = f"{monotonic() - world.opened_at:6.0f} s | " + " | ".join(f"{k}: {v}" for k, v in facts(world).items())
    return text + (f" | FALLING BEHIND: {BEHIND}" if world.measures.falling_behind else "")


def verdict(report: dict) -> str:
    """The summary for people, in a few lines."""
    payments, waits = report["payments"], report["waits"]
    lines = [
        f"{report['completed']} of {report['requested']} rides completed, {report['cancelled']} cancelled, "
        f"{report['expired']} expired, {report['stuck']} stuck",
        f"payments: {payments['captured']} captured, {payments['failed']} refused, {payments['unsettled']} unsettled",
        "; ".join(f"{name.replace('_', ' ')} p50 {_time(wait['p50_s'])}" for name, wait in waits.items()),
        f"{report['positions']['sent']} positions, {report['http']['requests']} requests, "
        f"errors: {report['errors'] or 'none'}",
    ]
    if report["falling_behind"]:
        lines.append(f"FALLING BEHIND: {BEHIND}")
    return "\n".join(lines)


def _pair(spread: Spread) -> str:
    return f"{_time(spread.quantile(0.5))}/{_time(spread.quantile(0.9))}"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def a_console() -> Console:
    return Console(file=sys.stdout)
