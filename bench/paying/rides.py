"""What riders do with their money, made from a seed: rides, fees for cancelling, discounts, tips, refunds, debts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any

from hansom.wire import iso

METHODS = (
    ("card_ok", 64),
    ("cash", 14),
    ("card_lost_answer", 8),
    ("card_declined", 4),
    ("card_insufficient_funds", 2),
    ("card_webhook_late", 3),
    ("card_webhook_twice", 3),
    ("card_webhook_disordered", 2),
)
"""How riders pay, and how many in a hundred do so."""

REFUSED = frozenset({"card_declined", "card_insufficient_funds"})
RIDE, CANCELLATION, NO_SHOW = "ride", "cancellation", "no_show"
CITY, CURRENCY = "helsinki", "EUR"
JITTER = 200
"""Places by which a message comes sooner or later than it was sent."""

WITHIN_A_DAY = timedelta(hours=2)
"""Rides that are tipped ended so long ago: their driver's day is not over, and neither is the time to tip."""


@dataclass(frozen=True, slots=True)
class Story:
    """A trip that costs something, and what its rider does about it. Amounts in minor units.

    `share_minor`: the driver's part of a fee. `held`: the fare is held before the ride is. `refund_minor`: what
    operators give back, and `from_driver` whether he bears his part. `settles`: the rider pays what he then owes.
    """

    trip_id: str
    rider_id: str
    driver_id: str
    kind: str
    method: str
    fare_minor: int
    tax_minor: int
    share_minor: int
    discount_minor: int
    ended_at: datetime
    held: bool = False
    tip_minor: int = 0
    refund_minor: int = 0
    from_driver: bool = False
    settles: bool = False
    clicked: bool = False

    @property
    def to_pay_minor(self) -> int:
        return self.fare_minor - self.discount_minor

    @property
    def in_cash(self) -> bool:
        """The driver has it."""
        return self.method == "cash" and self.kind == RIDE

    @property
    def fails(self) -> bool:
        """Nothing is captured: it is a debt. Who was to pay a fee in cash was not there."""
        return self.method in REFUSED or (self.method == "cash" and self.kind != RIDE)

    def told(self) -> tuple[str, dict[str, Any]]:
        """Type and data of the event that says what it costs."""
        fare, ended = money(self.fare_minor), iso(self.ended_at)
        trip = {
            "id": self.trip_id,
            "state": "completed" if self.kind == RIDE else "cancelled",
            "city": CITY,
            "category": "standard",
            "rider_id": self.rider_id,
            "driver_id": self.driver_id,
            "fare": fare,
            "fare_final": self.kind == RIDE,
            "fare_reason": "quoted_fare",
            "payment_method": self.method,
            "distance_m": 4000.0,
            "duration_s": 600.0,
            "requested_at": iso(self.ended_at - timedelta(minutes=15)),
            "started_at": iso(self.ended_at - timedelta(minutes=10)) if self.kind == RIDE else None,
            "completed_at": ended if self.kind == RIDE else None,
            "cancelled_at": None if self.kind == RIDE else ended,
            "settled_at": ended if self.kind == RIDE else None,
        }
        if self.kind != RIDE:
            return "trip_cancelled", {"trip": trip, "driver_id": self.driver_id, "reason": None, "fee": self.fee()}
        return "trip_settled", {
            "trip": trip,
            "breakdown": [{"code": "distance", "label": "Distance", "amount": fare}],
            "tax": {"rate": "0.135", "amount": money(self.tax_minor)},
            "discount": money(self.discount_minor),
            "promo_code": "BENCH" if self.discount_minor else None,
            "tip_max": money(5000),
        }

    def fee(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "amount": money(self.fare_minor),
            "tax": money(self.tax_minor),
            "driver_share": money(self.share_minor),
            "label": "Cancellation fee",
            "reason": "late",
        }

    def known_to_trips(self) -> dict[str, Any]:
        """What trips and pricing answer about it: `get_parties`, and items of `list_money` and `list_promo_uses`."""
        is_ride = self.kind == RIDE
        parties = {"trip_id": self.trip_id, "rider_id": self.rider_id, "driver_id": self.driver_id}
        ended = iso(self.ended_at)
        return {
            "parties": {**parties, "state": "completed" if is_ride else "cancelled", "completed_at": ended},
            "money": {
                **parties,
                "fare": money(self.fare_minor),
                "discount": money(self.discount_minor),
                "promo_code": "BENCH" if self.discount_minor else None,
                "settled_at": ended if is_ride else None,
                "cancelled_at": None if is_ride else ended,
                "fee": None if is_ride else self.fee(),
            },
            "promo": self._promo() if self.discount_minor else None,
        }

    def _promo(self) -> dict[str, Any]:
        used = {"code": "BENCH", "state": "used", "resolved_at": iso(self.ended_at)}
        return {**used, "trip_id": self.trip_id, "rider_id": self.rider_id, "discount": money(self.discount_minor)}

    def drivers_part_minor(self, fee_share: Fraction) -> int:
        """What he is owed for it, before refunds: his share of fare or fee, his tip, less what he took in cash."""
        if self.kind == RIDE:
            kept = (self.fare_minor - self.tax_minor) * fee_share
            share = self.fare_minor - self.tax_minor - int(kept + Fraction(1, 2))
        else:
            share = self.share_minor
        return share + self.tip_minor - (self.to_pay_minor if self.in_cash else 0)


def money(amount_minor: int) -> dict[str, Any]:
    return {"amount_minor": amount_minor, "currency": CURRENCY}


def some_stories(seed: int, count: int, drivers: int, name: str, *, plain: bool = False) -> list[Story]:
    """`count` trips of the days before today, each of a rider of his own. `plain`: rides alone, that only pay.

    `name` makes their ids.
    """
    rng = Random(f"{seed}:{name}")
    names, weights = zip(*METHODS, strict=True)
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    stories = []
    for number in range(count):
        kind = RIDE if plain else rng.choices((RIDE, CANCELLATION, NO_SHOW), (94, 4, 2))[0]
        fare_minor = rng.randint(700, 6000) if kind == RIDE else rng.choice((400, 600))
        method = rng.choices(names, weights)[0]
        known: dict[str, Any] = {
            "trip_id": f"{name}{rng.getrandbits(96):024x}",
            "rider_id": f"{name}-rider-{number}",
            "driver_id": f"{name}-driver-{number % drivers if plain else rng.randrange(drivers)}",
            "kind": kind,
            "method": "card_ok" if plain and method.startswith("card_webhook") else method,
            "fare_minor": fare_minor,
            "tax_minor": fare_minor * 135 // 1135,
            "share_minor": 0 if kind == RIDE else fare_minor * 6 // 10,
            "discount_minor": rng.choice((200, 500)) if kind == RIDE and rng.random() < 0.08 else 0,
            "ended_at": midnight - timedelta(hours=6, seconds=rng.randrange(3 * 86_400)),
        }
        stories.append(Story(**(known if plain else known | _doings(rng, known))))
    return stories


def _doings(rng: Random, known: dict[str, Any]) -> dict[str, Any]:
    """What happens to it beside being charged."""
    by_card = known["method"] != "cash"
    is_ride = known["kind"] == RIDE
    pays = by_card and known["method"] not in REFUSED
    to_pay_minor = known["fare_minor"] - known["discount_minor"]

    def now_and_then(share: float) -> bool:
        return rng.random() < share

    doings: dict[str, Any] = {
        "held": by_card and now_and_then(0.1),
        "settles": not pays and now_and_then(0.5),
        "clicked": is_ride and now_and_then(0.02),
    }
    if is_ride and pays and now_and_then(0.03):
        doings["refund_minor"] = rng.choice((to_pay_minor, rng.randint(1, to_pay_minor)))
        doings["from_driver"] = now_and_then(0.5)
    elif is_ride and by_card and pays and now_and_then(0.04):
        doings["tip_minor"] = rng.randint(50, 1000)
        doings["ended_at"] = datetime.now(UTC) - WITHIN_A_DAY
    return doings


def order_of_telling(stories: list[Story], rng: Random, delayed: float = 0.03) -> list[Story]:
    """Each as often as it is told of, out of order: once, twice or three times, some of them very late."""
    copies = [story for story in stories for _ in range(rng.choices((1, 2, 3), (60, 30, 10))[0])]
    keyed = []
    for index in range(len(copies)):
        lateness = len(copies) if rng.random() < delayed else rng.gauss(0, JITTER)
        keyed.append((index + lateness, index))
    return [copies[index] for _, index in sorted(keyed)]
