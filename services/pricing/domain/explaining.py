"""Why a fare is another than was quoted, line by line.

The lines of a changed fare begin with the fare as it was quoted; each further one is what a single part of it (the way,
the time, the minimum, the surge on them, ...) became more or less. So they add up to the new fare by construction.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from services.pricing.domain.fare import LABELS, Fare, FareLine, rounded

QUOTED_LABEL = "Fare as quoted"

CHANGED_LABELS = {
    "base": "Base fare",
    "minimum": "Up to the minimum fare, changed",
    "night": "Night, on the change",
    "surge": "High demand, on the change",
    "booking_fee": "Booking fee",
    "tax": "Tax, on the change",
    "rounding": "Rounding",
}


def as_quoted(fare: Fare) -> FareLine:
    """The quoted fare as one line."""
    return FareLine("quoted_fare", QUOTED_LABEL, fare.total_minor)


def new_destination(before: Fare, after: Fare, before_m: int, after_m: int) -> list[FareLine]:
    """What another destination makes of a fare, as one line; none when it makes nothing of it."""
    change = after.total_minor - before.total_minor
    if not change:
        return []
    label = f"New destination: {_km(after_m)} instead of {_km(before_m)}"
    return [FareLine("new_destination", label, change, {"distance_m": after_m, "quoted_m": before_m})]


def changes(before: Fare, after: Fare, way: tuple[int, int], time: tuple[int, int]) -> list[FareLine]:
    """What became of each line of a fare; those that stayed are left out.

    `way` and `time`: metres and seconds of the fare before, and after.
    """
    old, new = _by_part(before.lines), _by_part(after.lines)
    lines = []
    for part in [*new, *(part for part in old if part not in new)]:
        change = (new[part].amount_minor if part in new else 0) - (old[part].amount_minor if part in old else 0)
        if change:
            lines.append(_worded(new.get(part) or old[part], change, way, time))
    return lines


def _by_part(lines: Iterable[FareLine]) -> dict[tuple[str, str], FareLine]:
    """Lines by what they are for: zones and tolls have names, of the others there is one each."""
    return {(line.code, line.label if line.code in ("zone", "toll") else ""): line for line in lines}


def _worded(line: FareLine, change: int, way: tuple[int, int], time: tuple[int, int]) -> FareLine:
    if line.code == "distance":
        quoted_m, driven_m = way
        code, word = ("longer_way", "Longer way") if driven_m > quoted_m else ("shorter_way", "Shorter way")
        values = {"driven_m": driven_m, "quoted_m": quoted_m}
        return FareLine(code, f"{word}: {_km(driven_m)} instead of {_km(quoted_m)}", change, values)
    if line.code == "time":
        quoted_s, driven_s = time
        code, word = ("more_time", "More time") if driven_s > quoted_s else ("less_time", "Less time")
        values = {"driven_s": driven_s, "quoted_s": quoted_s}
        return FareLine(code, f"{word}: {_minutes(driven_s)} instead of {_minutes(quoted_s)}", change, values)
    if line.code in ("zone", "toll", "waiting"):
        label = line.label if change > 0 else f"{line.label}: not passed"
        return FareLine(line.code, label, change, line.values)
    return FareLine(line.code, CHANGED_LABELS.get(line.code, LABELS.get(line.code, line.label)), change, line.values)


def _km(metres: int) -> str:
    tenths = rounded(Fraction(metres, 100))
    return f"{tenths // 10}.{tenths % 10} km" if metres >= 1000 else f"{metres} m"


def _minutes(seconds: int) -> str:
    return f"{rounded(Fraction(seconds, 60))} min" if seconds >= 60 else f"{seconds} s"
