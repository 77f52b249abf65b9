"""What a person who has no app open is told, and by which way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Way(StrEnum):
    PUSH = "push"
    EMAIL = "email"
    SMS = "sms"


@dataclass(frozen=True, slots=True)
class Letter:
    """A short text and the ways it goes. `always`: also to who has the app open."""

    title: str
    text: str
    ways: tuple[Way, ...]
    always: bool = False


def _driver(data: Mapping[str, Any]) -> str:
    driver = data.get("trip", {}).get("driver") or {}
    vehicle = driver.get("vehicle") or {}
    shown = " ".join(str(vehicle[name]) for name in ("colour", "make", "model", "plate") if vehicle.get(name))
    return f"{driver.get('name', 'Your driver')} ({shown})" if shown else str(driver.get("name", "Your driver"))


def money(amount: Mapping[str, Any]) -> str:
    """`12.50 EUR`: the minor unit of every currency that Hansom's cities use is a hundredth."""
    return f"{int(amount['amount_minor']) / 100:.2f} {amount['currency']}"


_PUSH, _PUSH_SMS, _MAIL = (Way.PUSH,), (Way.PUSH, Way.SMS), (Way.PUSH, Way.EMAIL)

_GONE = {
    "driver_silent": ("Your driver cannot be reached", "We had not heard from you for a while"),
    "driver_no_show": ("Your driver did not come", "You were late and came no nearer"),
}
"""Why a trip was taken from its driver: what the rider is told, and what the driver is."""


def _gone(data: Mapping[str, Any]) -> tuple[str, str]:
    return _GONE.get(data.get("reason") or "", ("Your driver cancelled", ""))


def _taken(data: Mapping[str, Any]) -> Letter | None:
    """Who gave his trip back himself needs no letter about it."""
    why = _gone(data)[1]
    return Letter("Your ride goes to another driver", f"{why}, and your rider is waiting.", _PUSH) if why else None


_FOR_WHAT = {
    "cancellation": "for cancelling your ride late",
    "no_show": "because you did not come to your ride",
}
"""What a charge is of, other than of a ride."""


def _for_what(data: Mapping[str, Any]) -> str:
    return _FOR_WHAT.get(data.get("kind") or "", "for your ride. Thank you")


def _cancelled(trip: Mapping[str, Any]) -> tuple[str, str]:
    """What both parties read of a ride that was called off, by what it costs."""
    if trip.get("ended_early"):
        return "The ride ended early", "What was driven is charged."
    fee = trip.get("cancellation_fee")
    if trip.get("cancel_reason") == "no_show" and trip.get("cancelled_by") == "driver":
        costs = f" The fee is {money(fee)}." if fee else ""
        return "The ride was ended", f"The driver waited at the pickup, and nobody came.{costs}"
    if fee:
        return "The ride was cancelled", f"The fee for cancelling so late is {money(fee)}."
    return "The ride was cancelled", "Open the app to see why."


LETTERS: dict[str, Callable[[Mapping[str, Any]], Letter | None]] = {
    "offer_made": lambda data: Letter("A ride for you", f"For {money(data['fare'])}. Open the app to accept.", _PUSH),
    "trip_assigned": lambda data: Letter("A driver is on the way", f"{_driver(data)} is coming.", _PUSH),
    "driver_arrived": lambda data: Letter("Your car is here", f"{_driver(data)} is waiting for you.", _PUSH_SMS),
    "driver_cancelled": lambda data: Letter(_gone(data)[0], "We are looking for another one.", _PUSH),
    "trip_returned": _taken,
    "trip_cancelled": lambda data: Letter(*_cancelled(data["trip"]), _PUSH),
    "trip_changed": lambda data: Letter(
        "The ride goes elsewhere", f"The fare is {money(data['trip']['fare'])} now. Open the app to see where.", _PUSH
    ),
    "trip_expired": lambda data: Letter("No driver found", "All drivers are busy. Please try again.", _PUSH),
    "payment_captured": lambda data: Letter(
        "Your receipt", f"You paid {money(data['amount'])} {_for_what(data)}.", _MAIL, always=True
    ),
    "payment_failed": lambda data: Letter(
        "Your payment failed", f"{money(data['amount'])} could not be charged. Open the app to pay.", _MAIL, always=True
    ),
    "tip_charged": lambda data: Letter(
        "Your tip", f"You gave your driver {money(data['amount'])}. Thank you.", _MAIL, always=True
    ),
    "tip_failed": lambda data: Letter(
        "Your tip could not be paid", f"{money(data['amount'])} could not be charged. You owe nothing.", _PUSH
    ),
    "tip_received": lambda data: Letter("A tip for you", f"Your rider gave you {money(data['amount'])}.", _PUSH),
    "debt_settled": lambda data: Letter(
        "Your ride is paid", f"You paid {money(data['amount'])} that was still open. Thank you.", _MAIL, always=True
    ),
    "payment_refunded": lambda data: Letter(
        "Money back" if data["credit_note_number"] else "A refund is taken from your earnings",
        f"{money(data['amount'])}: {data['reason']}",
        _MAIL,
        always=True,
    ),
    "payout_failed": lambda data: Letter(
        "Your payout came back",
        f"{money(data['amount'])} could not be paid out. Check your account; it is paid with the next payout.",
        _MAIL,
        always=True,
    ),
    "payout_sent": lambda data: Letter(
        "Your payout", f"{money(data['amount'])} is on the way to your account.", _MAIL, always=True
    ),
}


def letter_of(event: str, data: Mapping[str, Any]) -> Letter | None:
    """The letter about an event, or None when it is not worth one."""
    write = LETTERS.get(event)
    return write(data) if write is not None else None
