"""In which order a user may hear of one trip: what the audit holds every stream against."""

from __future__ import annotations

from collections.abc import Sequence

_LIFE = {
    ("waiting", "trip_assigned"): "assigned",
    ("waiting", "trip_cancelled"): "over",
    ("waiting", "trip_expired"): "over",
    ("assigned", "driver_arrived"): "arrived",
    ("assigned", "trip_cancelled"): "over",
    ("arrived", "trip_started"): "in_progress",
    ("arrived", "trip_cancelled"): "over",
    ("in_progress", "trip_completed"): "completed",
    ("in_progress", "trip_cancelled"): "ended",
    ("completed", "trip_settled"): "settled",
    ("ended", "trip_settled"): "settled",
    ("assigned", "trip_changed"): "assigned",
    ("arrived", "trip_changed"): "arrived",
    ("in_progress", "trip_changed"): "in_progress",
}

RIDER = {
    **_LIFE,
    ("assigned", "driver_cancelled"): "waiting",
    ("arrived", "driver_cancelled"): "waiting",
    ("settled", "payment_failed"): "settled",
    ("settled", "debt_settled"): "paid",
    ("settled", "payment_captured"): "paid",
    ("paid", "payment_refunded"): "paid",
    ("over", "payment_failed"): "settled",
    ("over", "payment_captured"): "paid",
    **{(state, event): state for state in ("settled", "paid") for event in ("tip_charged", "tip_failed")},
    ("settled", "payment_refunded"): "settled",
}

DRIVER = {
    **_LIFE,
    ("waiting", "offer_made"): "offered",
    ("offered", "offer_withdrawn"): "waiting",
    ("offered", "trip_assigned"): "assigned",
    ("assigned", "trip_returned"): "over",
    ("arrived", "trip_returned"): "over",
    ("settled", "tip_received"): "settled",
    ("settled", "payment_refunded"): "settled",
    ("over", "payment_refunded"): "over",
}
"""(state, event) → state. An event with no line here comes too early, too late or twice."""


BEGINNINGS = frozenset(event for state, event in (*RIDER, *DRIVER) if state == "waiting")


def out_of_order(events: Sequence[str], *, cut: bool = False) -> str | None:
    """What is wrong with the events of one trip in one user's stream, in their order; None when nothing is.

    `cut`: the beginning of the stream is no longer kept, so that a trip may begin in the middle: it is passed over.
    """
    if not events or (cut and events[0] not in BEGINNINGS):
        return None
    return _walk(DRIVER if events[0].startswith("offer_") else RIDER, events)


def _walk(machine: dict[tuple[str, str], str], events: Sequence[str]) -> str | None:
    state = "waiting"
    for number, event in enumerate(events, start=1):
        after = machine.get((state, event))
        if after is None:
            return f"{event} as number {number}, when {state}"
        state = after
    return None
