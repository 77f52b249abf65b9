"""What a tariff says beside its amounts: waiting, nights, zones, tax, rounding, cancelling; what of it a ride meets.

All of it is copied into the quote with the tariff, so a fare worked out later rests on what was promised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from fractions import Fraction
from math import ceil, floor
from typing import Any
from zoneinfo import ZoneInfo

from hansom.values import Point
from services.pricing.domain.cancelling import FREE, Cancellation

EITHER, PICKUP, DROPOFF = "either", "pickup", "dropoff"


class Round(StrEnum):
    """How a fare comes to a multiple of `Rounding.to`."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Night:
    """Hours of the city's clock, over midnight if they end before they begin, and the share of a ride that they add."""

    begins: time
    ends: time
    share: str
    time_zone: str

    def __post_init__(self) -> None:
        if not 0 <= Fraction(self.share) <= 5 or self.begins == self.ends:
            raise ValueError("a night has a beginning, another end, and a share from 0 to 5")
        ZoneInfo(self.time_zone)

    def holds(self, at: datetime) -> bool:
        """Whether it is night then, daylight saving and all."""
        local = at.astimezone(ZoneInfo(self.time_zone)).time()
        if self.begins < self.ends:
            return self.begins <= local < self.ends
        return local >= self.begins or local < self.ends


@dataclass(frozen=True, slots=True)
class Zone:
    """A supplement for rides that begin, end, or do either in an area; with `toll` it is passed through as a toll.

    `area`: south, west, north, east in degrees; its edges belong to it.
    """

    name: str
    area: tuple[float, float, float, float]
    amount: int
    at: str = EITHER
    toll: bool = False

    def __post_init__(self) -> None:
        south, west, north, east = self.area
        if not (-90 <= south < north <= 90 and -180 <= west < east <= 180):
            raise ValueError(f"zone {self.name}: its area is not south, west, north, east")
        if isinstance(self.amount, bool) or not isinstance(self.amount, int) or self.amount < 0:
            raise ValueError(f"zone {self.name}: its amount is not a whole number of minor units")
        if self.at not in (EITHER, PICKUP, DROPOFF):
            raise ValueError(f"zone {self.name}: at is not {EITHER}, {PICKUP} or {DROPOFF}")

    def meets(self, pickup: Point, dropoff: Point | None) -> bool:
        ends = {PICKUP: (pickup,), DROPOFF: (dropoff,), EITHER: (pickup, dropoff)}[self.at]
        south, west, north, east = self.area
        return any(end and south <= end.lat <= north and west <= end.lng <= east for end in ends)


@dataclass(frozen=True, slots=True)
class Rounding:
    """A fare is a multiple of `to` minor units."""

    to: int = 1
    how: Round = Round.HALF_UP

    def __post_init__(self) -> None:
        if isinstance(self.to, bool) or not isinstance(self.to, int) or not 1 <= self.to <= 10_000:
            raise ValueError("fares are rounded to 1 to 10,000 minor units")

    def of(self, amount_minor: int) -> int:
        share = Fraction(amount_minor, self.to)
        match self.how:
            case Round.UP:
                return ceil(share) * self.to
            case Round.DOWN:
                return floor(share) * self.to
            case Round.HALF_EVEN:
                return round(share) * self.to
        return floor(share + Fraction(1, 2)) * self.to


EXACT = Rounding()
"""To one minor unit: fares are as they add up."""


@dataclass(frozen=True, slots=True)
class Terms:
    """`waiting_free_s`: seconds from the driver's arrival that cost nothing; then a minute costs `waiting_per_minute`.

    `tax_on_top`: amounts are without tax, which is a line of its own; otherwise it is inside them.
    `tip_max`: no tip is higher; None: than the fare.
    """

    waiting_free_s: int = 0
    waiting_per_minute: int = 0
    night: Night | None = None
    zones: tuple[Zone, ...] = ()
    tax_on_top: bool = False
    rounding: Rounding = EXACT
    cancellation: Cancellation = FREE
    tip_max: int | None = None

    def __post_init__(self) -> None:
        for amount in (self.waiting_free_s, self.waiting_per_minute, self.tip_max or 0):
            if isinstance(amount, bool) or not isinstance(amount, int) or amount < 0:
                raise ValueError("waiting and tips have whole seconds and minor units, none of them negative")

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any], time_zone: str) -> Terms:
        """From a tariff's settings, or its copy in a quote. Raises KeyError, ValueError when they are wrong."""
        waiting, rounding = raw.get("waiting") or {}, raw.get("rounding") or {}
        if raw.get("tax", "inside") not in ("inside", "on_top"):
            raise ValueError("tax is inside or on_top")
        return cls(
            waiting_free_s=waiting.get("free_s", 0),
            waiting_per_minute=waiting.get("per_minute", 0),
            night=_night(raw["night"], time_zone) if raw.get("night") else None,
            zones=tuple(_zone(zone) for zone in raw.get("zones") or ()),
            tax_on_top=raw.get("tax", "inside") == "on_top",
            rounding=Rounding(rounding.get("to", 1), Round(rounding.get("how", Round.HALF_UP.value))),
            cancellation=Cancellation.from_dict(raw["cancellation"]) if raw.get("cancellation") else FREE,
            tip_max=raw.get("tip_max"),
        )

    def as_dict(self) -> dict[str, Any]:
        """The copy that is kept with a quote: what differs from having no terms."""
        kept: dict[str, Any] = {}
        if self.waiting_per_minute:
            kept["waiting"] = {"free_s": self.waiting_free_s, "per_minute": self.waiting_per_minute}
        if self.night is not None:
            night = self.night
            hours = {"from": night.begins.isoformat("minutes"), "until": night.ends.isoformat("minutes")}
            kept["night"] = {**hours, "share": night.share, "time_zone": night.time_zone}
        if self.zones:
            kept["zones"] = [
                {"name": zone.name, "area": list(zone.area), "amount": zone.amount, "at": zone.at, "toll": zone.toll}
                for zone in self.zones
            ]
        if self.tax_on_top:
            kept["tax"] = "on_top"
        if self.rounding != EXACT:
            kept["rounding"] = {"to": self.rounding.to, "how": self.rounding.how.value}
        if self.cancellation != FREE:
            kept["cancellation"] = self.cancellation.as_dict()
        if self.tip_max is not None:
            kept["tip_max"] = self.tip_max
        return kept


NO_TERMS = Terms()


def _night(raw: Mapping[str, Any], time_zone: str) -> Night:
    begins, ends = time.fromisoformat(str(raw["from"])), time.fromisoformat(str(raw["until"]))
    return Night(begins, ends, str(raw["share"]), str(raw.get("time_zone", time_zone)))


def _zone(raw: Mapping[str, Any]) -> Zone:
    south, west, north, east = (float(edge) for edge in raw["area"])
    at, toll = str(raw.get("at", EITHER)), bool(raw.get("toll", False))
    return Zone(str(raw["name"]), (south, west, north, east), raw["amount"], at, toll)


@dataclass(frozen=True, slots=True)
class Met:
    """What of the terms a ride meets. `waited_s`: whole seconds from the driver's arrival to the start."""

    is_night: bool = False
    zones: tuple[Zone, ...] = ()
    waited_s: int = 0


def met(terms: Terms, pickup: Point, dropoff: Point | None, at: datetime, waited_s: int = 0) -> Met:
    """What a ride between these points meets that was quoted at this moment. `dropoff` None: nobody knows where."""
    is_night = terms.night is not None and terms.night.holds(at)
    return Met(is_night, tuple(zone for zone in terms.zones if zone.meets(pickup, dropoff)), waited_s)
