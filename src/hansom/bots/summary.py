"""The end of a run in figures, and whether it was a good one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hansom.bots.measures import Measures
from hansom.bots.options import Options
from hansom.bots.rides import Rides, unsettled

NAMED_AT_MOST = 20


@dataclass(frozen=True, slots=True)
class Span:
    """How long the bots lived, and the processor time they took for it, in seconds."""

    ran_s: float
    cpu_s: float


def summary(options: Options, rides: Rides, measures: Measures, span: Span) -> dict[str, Any]:
    """The last line of `--json`. `stuck` rides reached no end, `unsettled` ones no payment, in the time they had."""
    counts = rides.by_state()
    stuck = [ride for ride in rides if not ride.ended]
    unpaid = [ride for ride in rides if unsettled(ride)]
    report = {
        "requested": len(rides),
        "completed": counts["completed"],
        "cancelled": counts["cancelled"],
        "expired": counts["expired"],
        "returned": sum(ride.returned for ride in rides),
        "stuck": len(stuck),
        "stuck_trips": [{"trip_id": ride.trip_id, "state": ride.state} for ride in stuck[:NAMED_AT_MOST]],
        "payments": {
            "captured": sum(ride.payment == "payment_captured" for ride in rides),
            "failed": sum(ride.payment == "payment_failed" for ride in rides),
            "unsettled": len(unpaid),
            "unsettled_trips": [ride.trip_id for ride in unpaid[:NAMED_AT_MOST]],
        },
        "waits": rides.waits.as_dict(),
        "promises": {"pickup": rides.pickup_promises.as_dict(), "trip": rides.trip_promises.as_dict()},
        **_measured(measures, span.ran_s),
        "run": {
            "drivers": options.drivers,
            "riders": options.riders,
            "seed": options.seed,
            "ran_s": round(span.ran_s, 1),
            "cpu_s": round(span.cpu_s, 1),
        },
    }
    report["ok"] = good(report)
    return report


def _measured(measures: Measures, ran_s: float) -> dict[str, Any]:
    return {
        "errors": dict(sorted(measures.errors.items())),
        "http": {
            "requests": measures.requests.total,
            "a_second": round(measures.requests.total / max(ran_s, 1e-9), 2),
            **measures.request_times.as_dict(),
            "by_request": {name: spread.as_dict() for name, spread in sorted(measures.by_request.items())},
        },
        "events": {
            "heard": measures.events,
            "seq_gaps": measures.gaps,
            "seq_gaps_healed": measures.gaps_healed,
            "seq_repeats": measures.repeats,
            "driver_moved": measures.moves_seen,
            "learned_by_asking": measures.learned_by_asking,
        },
        "hints": {"heard": measures.hints_heard, "followed": measures.hints_followed},
        "bots_died": measures.died,
        "sockets_lost": measures.sockets_lost,
        "positions": {"sent": measures.positions.total, "kept_while_away": measures.positions_kept},
        "lateness": measures.lateness.as_dict(),
        "falling_behind": measures.falling_behind,
    }


def good(report: dict[str, Any]) -> bool:
    """Rides were completed, none is left without an end or a payment, and no bot failed by its own fault."""
    left = report["stuck"] + report["payments"]["unsettled"] + report["bots_died"]
    return bool(report["completed"] > 0 and left == 0)
