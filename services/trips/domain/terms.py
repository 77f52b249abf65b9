"""What the option of a quote promised beside the fare: what cancelling costs, the highest tip, the promo code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hansom.values import Money

Wire = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Price:
    """A fee, with the tax and the driver's share in it."""

    amount: Money
    tax: Money
    driver_share: Money


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Free for `free` from the assignment and once the driver is `late` behind his promise, then `fee`.

    `no_show_after`: how long a driver waits at the pickup before he may claim `no_show`; None: he never may.
    """

    free: timedelta
    late: timedelta
    fee: Price
    no_show_after: timedelta | None
    no_show: Price


KEPT = ("cancellation", "tip_max", "promo")


def kept_of(option: Wire) -> Wire:
    """The part of a quote's option that a trip keeps. An option of a version before it has none of it."""
    return {name: option.get(name) for name in KEPT}


def cancellation_of(terms: Wire | None) -> Cancellation | None:
    """What cancelling costs; None: nothing, ever."""
    told = (terms or {}).get("cancellation")
    if told is None:
        return None
    after_s = told["no_show_after_s"]
    return Cancellation(
        free=timedelta(seconds=told["free_s"]),
        late=timedelta(seconds=told["late_s"]),
        fee=_price(told, ""),
        no_show_after=None if after_s is None else timedelta(seconds=after_s),
        no_show=_price(told, "no_show_"),
    )


def _price(told: Wire, which: str) -> Price:
    return Price(*(Money(**told[f"{which}{name}"]) for name in ("fee", "tax", "driver_share")))
