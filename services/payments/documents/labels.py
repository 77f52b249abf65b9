"""The words for what a receipt or statement lists, by code. `N_` marks them for the catalogues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.payments.documents.catalogues import SOURCE_LANGUAGE
from services.payments.documents.wording import Wording


def N_(message: str) -> str:
    """Marks a message that is translated where it is shown."""
    return message


LINES: dict[str, tuple[str, ...]] = {
    "fare": (N_("Fare"),),
    "quoted_fare": (N_("Fare as quoted"),),
    "base": (N_("Base fare"),),
    "distance": (N_("Distance"),),
    "time": (N_("Time"),),
    "minimum": (N_("Up to the minimum fare, changed"), N_("Up to the minimum fare")),
    "night": (N_("Night, on the change"), N_("Night")),
    "surge": (N_("High demand, on the change"), N_("High demand")),
    "toll": (N_("Toll"),),
    "waiting": (N_("Waiting"),),
    "booking_fee": (N_("Booking fee"),),
    "tax": (N_("Tax, on the change"), N_("Tax")),
    "rounding": (N_("Rounding"),),
    "promo": (N_("Promo code"),),
    "cancellation_fee": (N_("Cancellation fee"),),
    "no_show_fee": (N_("No-show fee"),),
    "tip": (N_("Tip"),),
}
"""Code of a line → words that its English label may begin with; what follows them (minutes, a name) stays as it is."""

MEASURED = {
    "new_destination": (N_("New destination: %(is)s instead of %(was)s"), "distance_m", "quoted_m"),
    "longer_way": (N_("Longer way: %(is)s instead of %(was)s"), "driven_m", "quoted_m"),
    "shorter_way": (N_("Shorter way: %(is)s instead of %(was)s"), "driven_m", "quoted_m"),
    "more_time": (N_("More time: %(is)s instead of %(was)s"), "driven_s", "quoted_s"),
    "less_time": (N_("Less time: %(is)s instead of %(was)s"), "driven_s", "quoted_s"),
}
"""Code of a line → its words, and the names of the values in them."""

NOT_PASSED = N_(": not passed")
"""At the end of the label of what was quoted and then not met."""

TITLES = {
    "ride": N_("Receipt"),
    "cancellation": N_("Receipt for a cancellation"),
    "no_show": N_("Receipt for a no-show"),
    "tip": N_("Receipt for a tip"),
    "credit_note": N_("Credit note"),
    "statement": N_("Payout statement"),
}
"""Kind of a document → its title."""

WHEN = {
    "ride": N_("Ride ended"),
    "cancellation": N_("Cancelled"),
    "no_show": N_("Cancelled"),
    "tip": N_("Given"),
}
"""What the time on a receipt is that of."""

STATES = {"paid": N_("Paid"), "unpaid": N_("Not paid yet"), "refunded": N_("Given back")}

EARNED = {
    "ride": N_("Ride"),
    "cancellation": N_("Cancellation fee"),
    "no_show": N_("No-show fee"),
    "tip": N_("Tip"),
    "refund": N_("Refund to the rider"),
    "returned": N_("Payout that failed before"),
}
"""What a line of a statement is for."""

SUMS = {
    "fare": N_("Fares, fees and tips"),
    "tips": N_("of which tips"),
    "cancellations": N_("of which fees for cancellations"),
    "tax": N_("Tax"),
    "fee": N_("Platform fee"),
    "cash": N_("Taken in cash"),
    "refunds": N_("Refunds to riders"),
    "returned": N_("Payouts that failed before"),
}
"""What a payout is made of."""

PARTS = frozenset({"tips", "cancellations"})
"""Sums that are in another one."""

TAKEN_OFF = frozenset({"tax", "fee", "cash", "refunds"})
"""Sums that what is paid out is less by."""

METHODS = {"Card": N_("Card"), "Cash": N_("Cash")}

CATEGORIES = {"standard": N_("Standard"), "comfort": N_("Comfort"), "van": N_("Van")}
"""The default city's; another city's stand as its settings name them."""

REASONS = {
    "longer_than_quoted": N_("The ride was longer than quoted: the fare is that of the distance and time driven."),
    "shorter_than_quoted": N_("The ride was shorter than quoted: the fare is that of the distance and time driven."),
    "quoted_fare_and_waiting": N_("The driver waited longer than is free: the waiting is added to the quoted fare."),
    "destination_changed": N_("The destination was changed during the ride: the fare is that of the new way."),
    "ended_early": N_("The ride was ended before its destination: the fare is that of the distance and time driven."),
    "cancelled_late": N_("The ride was cancelled after the time in which that is free."),
    "no_show": N_("The driver waited at the pickup, and nobody came."),
}
"""Why a fare is not the quoted one, or why there is a fee."""


def line_label(line: Mapping[str, Any], wording: Wording) -> str:
    """The label of a fare's line, which pricing wrote in English, in the document's language."""
    code, label, values = line["code"], line["label"], line.get("values") or {}
    if wording.language == SOURCE_LANGUAGE:
        return str(label)
    if code in MEASURED and all(name in values for name in MEASURED[code][1:]):
        message, now, before = MEASURED[code]
        return wording.text(
            message, **{"is": _measured(values, now, wording), "was": _measured(values, before, wording)}
        )
    if label.endswith(NOT_PASSED):
        passed = {**line, "label": label.removesuffix(NOT_PASSED)}
        return line_label(passed, wording) + wording.text(NOT_PASSED)
    known = next((words for words in LINES.get(code, ()) if label.startswith(words)), "")
    return wording.text(known) + label[len(known) :]


def _measured(values: Mapping[str, Any], name: str, wording: Wording) -> str:
    """A length or time in the words of the fare's own label: `820 m`, `1.4 km`, `45 s`, `12 min`."""
    measured = float(values[name])
    if name.endswith("_m"):
        return wording.length(round(measured)) if measured < 1000 else wording.kilometres(measured)
    return f"{round(measured)} s" if measured < 60 else wording.duration(measured)
