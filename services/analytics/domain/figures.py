"""Figures: whole numbers by name, made of facts and added up.

Every figure is a sum over facts, so figures of a minute are those of its facts, and figures of an hour the sum of its
minutes: however often and in whatever order they are made again, they come out the same. A name may have a part behind
a colon: a currency, or a bin of a histogram.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from services.analytics.domain.facts import Fact
from services.analytics.domain.promises import is_credible, ratio_bin
from services.analytics.domain.waits import wait_bin

Figures = Mapping[str, int]

BIN_S = 5
"""Width of a bin of how far actual times lie from promised ones, seconds."""

BIN_LIMIT_S = 900
"""Errors beyond are counted in the last bin."""


def figures_by_segment(facts: Iterable[Fact]) -> dict[str, Counter[str]]:
    """Segment → its figures."""
    found: dict[str, Counter[str]] = {}
    for fact in facts:
        found.setdefault(fact.segment, Counter()).update(figures_of(fact))
    return found


def figures_of(fact: Fact) -> Counter[str]:
    """What one fact adds. Raises KeyError for an event that nobody counts."""
    return Counter(COUNTED[fact.name](fact))


def added(many: Iterable[Figures]) -> Counter[str]:
    """The sum of figures."""
    total: Counter[str] = Counter()
    for each in many:
        total.update(each)
    return total


def _number(fact: Fact, name: str) -> int | None:
    value = fact.values.get(name)
    return value if isinstance(value, int) else None


def _count(name: str) -> Callable[[Fact], Figures]:
    return lambda fact: {name: 1}


def _assigned(fact: Fact) -> Figures:
    wait_ms = _number(fact, "wait_ms")
    if wait_ms is None:
        return {"assigned": 1}
    return {"assigned": 1, "wait_ms": wait_ms, "waits": 1, f"wait_bin:{wait_bin(wait_ms)}": 1}


def _arrived(fact: Fact) -> Figures:
    return {"arrived": 1} | _error("pickup", fact)


def _completed(fact: Fact) -> Figures:
    return {"completed": 1} | _error("trip", fact)


def _cancelled(fact: Fact) -> Figures:
    gave_up = fact.values.get("by") == "rider" and not fact.values.get("had_driver")
    return {"cancelled": 1, f"cancelled_by:{fact.values.get('by')}": 1} | ({"gave_up": 1} if gave_up else {})


def _settled(fact: Fact) -> Figures:
    return {"settled": 1, "driven_m": _number(fact, "distance_m") or 0} | _money("fare", fact)


def _captured(fact: Fact) -> Figures:
    return {} if _is_tip(fact) else {"payments_captured": 1} | _money("captured", fact)


def _failed(fact: Fact) -> Figures:
    return {} if _is_tip(fact) else {"payments_failed": 1} | _money("failed", fact)


def _paid_out(fact: Fact) -> Figures:
    return _money("paid_out", fact)


def _is_tip(fact: Fact) -> bool:
    """A tip is the driver's, and no ride is unpaid without it."""
    return fact.values.get("kind") == "tip"


def _money(name: str, fact: Fact) -> dict[str, int]:
    return {f"{name}:{fact.values['currency']}": _number(fact, "amount_minor") or 0}


def _error(name: str, fact: Fact) -> dict[str, int]:
    """How late (above zero) or early the promise was kept, if there was one."""
    promised_ms, actual_ms = _number(fact, "promised_ms"), _number(fact, "actual_ms")
    if promised_ms is None or actual_ms is None:
        return {}
    error_ms = actual_ms - promised_ms
    limited_s = max(-BIN_LIMIT_S, min(BIN_LIMIT_S, error_ms / 1000))
    bin_s = round(limited_s / BIN_S) * BIN_S
    return {
        f"{name}_promises": 1,
        f"{name}_error_ms": error_ms,
        f"{name}_abs_error_ms": abs(error_ms),
        f"{name}_late": int(error_ms > 0),
        f"{name}_bin:{bin_s}": 1,
        **_uncorrected(name, fact, promised_ms, actual_ms),
    }


def _uncorrected(name: str, fact: Fact, promised_ms: int, actual_ms: int) -> dict[str, int]:
    """What the roads' time without correction says of the same promise, where that is known."""
    base_ms, hour = _number(fact, "base_ms"), _number(fact, "hour")
    if base_ms is None or hour is None:
        return {}
    compared = {
        f"{name}_compared": 1,
        f"{name}_compared_abs_error_ms": abs(actual_ms - promised_ms),
        f"{name}_base_abs_error_ms": abs(actual_ms - base_ms),
    }
    if not is_credible(base_ms, actual_ms):
        return compared
    weight_s = round(base_ms / 1000)
    return {**compared, f"{name}_credible:{hour}": 1, f"{name}_ratio:{hour}:{ratio_bin(base_ms, actual_ms)}": weight_s}


COUNTED: dict[str, Callable[[Fact], Figures]] = {
    "trips.trip_requested": _count("requests"),
    "trips.trip_assigned": _assigned,
    "trips.driver_arrived": _arrived,
    "trips.trip_started": _count("started"),
    "trips.trip_completed": _completed,
    "trips.trip_cancelled": _cancelled,
    "trips.trip_expired": _count("unmet"),
    "trips.trip_returned": _count("returned"),
    "trips.trip_settled": _settled,
    "trips.offer_declined": _count("declined"),
    "payments.payment_captured": _captured,
    "payments.payment_failed": _failed,
    "payments.payout_sent": _paid_out,
}
"""Event → what it adds."""
