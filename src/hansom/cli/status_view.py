"""`./hansom status` for people."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from hansom.cli.console import out
from hansom.stack.report import ProcessState, Report


def show(report: Report) -> None:
    """Print the report."""
    if not report.running:
        out.print(f"The stack in {escape(report.home)} is down. ./hansom up starts it.")
        return
    out.print(f"Stack in [bold]{escape(report.home)}[/], gateway at [bold]{report.url}[/]")
    out.print(_processes(report))
    _addresses(report)
    _queues(report)
    _outboxes(report)
    for problem in report.problems:
        out.print(f"[red]{escape(problem)}[/]")


def _processes(report: Report) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("group", "process", "state", "pid", "up", "restarts", "last end"):
        table.add_column(title)
    for process in report.processes:
        colour = "green" if process.state == "RUNNING" else "red"
        table.add_row(
            process.group,
            process.name,
            f"[{colour}]{process.state.lower()}[/]",
            str(process.pid or "-"),
            _uptime(process),
            str(process.restarts or "-"),
            process.last_exit or "-",
        )
    return table


def _uptime(process: ProcessState) -> str:
    minutes, seconds = divmod(process.uptime_s, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if process.state == "RUNNING" else "-"


def _addresses(report: Report) -> None:
    for name, address in report.addresses.items():
        out.print(f"[dim]{name}[/]  {escape(address)}")


def _queues(report: Report) -> None:
    parked = [queue for queue in report.queues if queue.name.endswith(".parked") and queue.messages]
    waiting = [queue for queue in report.queues if queue.messages and queue not in parked]
    unread = [queue.name for queue in report.queues if not queue.consumers and not queue.name.endswith(".parked")]
    listed = ", ".join(f"{queue.name} {queue.messages}" for queue in waiting) or "empty"
    out.print(f"[dim]queues[/]  {listed}")
    if unread:
        out.print(f"[dim]queues that nobody reads[/]  [yellow]{', '.join(unread)}[/]")
    listed = ", ".join(f"{queue.name} {queue.messages}" for queue in parked)
    out.print(f"[dim]parked[/]  [red]{listed}[/] (./hansom parked list)" if parked else "[dim]parked[/]  none")


def _outboxes(report: Report) -> None:
    total = sum(report.outboxes.values())
    listed = ", ".join(f"{service} {count}" for service, count in report.outboxes.items() if count)
    out.print(f"[dim]outbox backlog[/]  {listed if total else 'none'}")
