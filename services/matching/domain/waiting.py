"""What a rider who waits is told: how many cars are near, what they are doing, and how long it may take.

`about_s` is until a driver takes the trip, and never a constant: it comes from the drivers about to finish a ride near
the pickup, otherwise from how long riders around it have waited lately. Both are corrected by how such words were kept
lately, and where neither is known nothing is promised.

How long others waited is read as survival times: of a rider who gave up, or whom nobody came for, only is known that
his wait would have been longer. Leaving these out would promise too short a wait just when cars are scarce, so the
median is that of the Kaplan-Meier estimate (E. L. Kaplan, P. Meier, J. Amer. Statist. Assoc. 53, 1958) of those who had
waited as long as this rider has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hansom.contracts.matching import Dropped, WaitCode
from services.matching.domain.model import Considered, WaitingTrip

LEAST_KNOWN = 5
"""Waits that ended with a driver, of riders who had waited as long, below which nothing is promised."""

LEAST_KEPT = 8
"""Words that came to an end, below which they are not corrected."""

EARLIEST_S, LATEST_S = -300.0, 600.0
"""Words are corrected by no more."""

TELL_EVERY_MS = 5_000
"""A rider is told what is new about his wait this often at most."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A wait, or how a word was kept (seconds later than told): `served`, or cut short by giving up or expiring."""

    value: float
    served: bool


@dataclass(frozen=True, slots=True)
class Around:
    """Cars around a pickup that may carry its trip and are on a ride: how many, and (driver id, seconds until he is
    free) of those about to finish, soonest first."""

    busy: int = 0
    finishing: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Glance:
    """What a batch saw of one trip. `free`: drivers who may have it. `offered_s`: road time of the one who is asked.

    `passed_over`: a free driver went to another rider. `held_s`: the trip waits for a driver who is free in so long.
    """

    trip: WaitingTrip
    free: int
    offered_s: float | None = None
    passed_over: bool = False
    held_s: float | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """When (ms) so many seconds were promised; `raw_s`: before they were corrected by how such words were kept."""

    at_ms: int
    about_s: float
    raw_s: float


@dataclass(frozen=True, slots=True)
class WaitingState:
    """What is known of a wait. `asked`: drivers asked so far, the one being asked included. Times in ms since 1970.

    `promise` is the first of this wait. `told_ms`, `told`: when the rider was last told, and what (see `gist`).
    `code` and what follows it: what `text` says, see `Saying`.
    """

    trip_id: str
    rider_id: str
    since_ms: int
    text: str
    cars_near: int
    busy_near: int
    finishing_near: int
    asked: int
    offered: bool
    about_s: float | None
    promise: Promise | None = None
    told_ms: int = 0
    told: str = ""
    code: str | None = None
    car_in_s: float | None = None
    came_to_nothing: int = 0
    looking_s: float | None = None

    @property
    def gist(self) -> str:
        """What makes it new to the rider; that seconds go by does not."""
        return f"{self.text}|{self.cars_near}|{self.busy_near}|{self.asked}"

    def is_news(self, now_ms: int) -> bool:
        """Whether the rider is to be told now."""
        return self.gist != self.told and abs(now_ms - self.told_ms) >= TELL_EVERY_MS


@dataclass(frozen=True, slots=True)
class WaitOver:
    """A wait that ended, for the records. `about_s` was promised at `promised_ms`; None: nothing was."""

    trip_id: str
    city: str
    since_ms: int
    ended_ms: int
    how: str
    wait_s: float
    promised_ms: int | None = None
    about_s: float | None = None

    @property
    def actual_s(self) -> float | None:
        """From the promise to the end."""
        return None if self.promised_ms is None else max(0.0, (self.ended_ms - self.promised_ms) / 1000)


# -- what a batch saw --------------------------------------------------------------------------------------------------
MAY_HAVE_IT = frozenset({None, Dropped.ANOTHER_DRIVER, Dropped.ANOTHER_TRIP, Dropped.NOT_MATCHED})
"""What is said of a free driver whom nothing but the choice keeps from the trip."""


def glances(
    trips: Sequence[WaitingTrip],
    considered: Iterable[Considered],
    offered: Mapping[str, str],
    near_m: float,
) -> list[Glance]:
    """What a batch saw of each of its trips. `offered`: trip → driver who is asked. Cars within `near_m` are near."""
    free: Counter[str] = Counter()
    passed_over: set[str] = set()
    asked: dict[str, float] = {}
    held: dict[str, float] = {}
    for pair in considered:
        if offered.get(pair.trip_id) == pair.driver_id:
            asked[pair.trip_id] = pair.pickup_eta_s or 0.0
        if pair.dropped is Dropped.HELD:
            held[pair.trip_id] = pair.free_in_s
        if pair.dropped is Dropped.ANOTHER_TRIP:
            passed_over.add(pair.trip_id)
        if pair.dropped in MAY_HAVE_IT and pair.distance_m <= near_m:
            free[pair.trip_id] += 1
    return [
        Glance(trip, free[trip_id], asked.get(trip_id), trip_id in passed_over, held.get(trip_id))
        for trip in trips
        for trip_id in (trip.trip_id,)
    ]


# -- how long ----------------------------------------------------------------------------------------------------------
def median_until(ended: Iterable[Ended], past: float = 0.0, least: int = LEAST_KNOWN) -> float | None:
    """The median of what is left to those who came past `past`, by Kaplan and Meier.

    None when fewer than `least` of them were served, or so many were not that half of them never were.
    """
    median = _median([each for each in ended if each.value > past], least)
    return None if median is None else median - past


def _median(ended: Iterable[Ended], least: int) -> float | None:
    beyond = sorted(ended, key=lambda each: (each.value, not each.served))
    if sum(1 for each in beyond if each.served) < least:
        return None
    share, left = 1.0, len(beyond)
    for each in beyond:
        if each.served:
            share *= 1 - 1 / left
        left -= 1
        if share <= 0.5:
            return each.value
    return None


def correction(kept: Iterable[Ended]) -> float:
    """Seconds by which drivers come later than told, lately: the median. 0 while too few are known.

    What a word leaves out is time: an answer, a driver who declines, another rider first. So it is added to short words
    as to long ones; a factor would leave the short ones as wrong as they are.
    """
    known = _median(kept, LEAST_KEPT)
    return 0.0 if known is None else min(LATEST_S, max(EARLIEST_S, known))


def corrected(raw_s: float, late_s: float) -> float:
    """What is promised: never less than half of what was reckoned."""
    return round(max(raw_s / 2, raw_s + late_s), 1)


def in_turn(glances: Iterable[Glance], around: Mapping[str, Around]) -> dict[str, float]:
    """Trip → seconds until the finishing driver who is its own is free: the one given back or waiting longest first.

    Trips for which a driver is free or asked take none of them; a driver is counted for one trip only.
    """
    free_in: dict[str, float] = {}
    taken: set[str] = set()
    waiting = [glance for glance in glances if glance.offered_s is None and glance.held_s is None and not glance.free]
    for glance in sorted(waiting, key=lambda each: (not each.trip.returned, -each.trip.waited_s, each.trip.trip_id)):
        seen = around.get(glance.trip.trip_id, Around())
        own = next(((driver, soon_s) for driver, soon_s in seen.finishing if driver not in taken), None)
        if own is not None:
            taken.add(own[0])
            free_in[glance.trip.trip_id] = own[1]
    return free_in


# -- in words ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Saying:
    """What a rider is told, before it is put into words.

    `car_in_s`: seconds until the driver who is asked could be there, or the car that is kept is free. `near`: cars.
    `came_to_nothing`: offers before. `about_s`: until a driver takes the trip. `looking_s`: how long is looked on, when
    that is less.
    """

    code: WaitCode
    near: int
    car_in_s: float | None = None
    came_to_nothing: int = 0
    about_s: float | None = None
    looking_s: float | None = None


def saying(glance: Glance, around: Around, about_s: float | None) -> Saying:
    """What there is to tell."""
    code, car_in_s = _code(glance, around)
    left_s = glance.trip.patience_left_s
    ends_before = about_s is not None and left_s is not None and about_s > left_s
    return Saying(
        code,
        glance.free + around.busy,
        car_in_s,
        len(glance.trip.excluded),
        about_s,
        left_s if ends_before else None,
    )


def _code(glance: Glance, around: Around) -> tuple[WaitCode, float | None]:
    if glance.offered_s is not None:
        return WaitCode.ASKING, glance.offered_s
    if glance.held_s is not None:
        return WaitCode.KEPT, glance.held_s
    if glance.free + around.busy == 0:
        return WaitCode.NO_CAR, None
    if glance.free == 0:
        return WaitCode.ALL_BUSY, None
    return WaitCode.OTHERS_FIRST if glance.passed_over else WaitCode.CARS_NEAR, None


def say(told: Saying) -> str:
    """It in one line of English."""
    sentence = _cars(told)
    if told.came_to_nothing:
        offers = "an offer" if told.came_to_nothing == 1 else f"{told.came_to_nothing} offers"
        sentence += f"; {offers} before came to nothing"
    if told.about_s is None:
        return sentence
    sentence += f"; {_about(told.about_s)}"
    if told.looking_s is not None:
        sentence += f", but we look for {_minutes(told.looking_s)} more"
    return sentence


def _cars(told: Saying) -> str:
    cars = "1 car near" if told.near == 1 else f"{told.near} cars near"
    car_in = _minutes(told.car_in_s or 0.0)
    return {
        WaitCode.ASKING: f"A driver {car_in} away is being asked",
        WaitCode.KEPT: f"A car near ends its ride in {car_in} and is kept for you",
        WaitCode.NO_CAR: "No car near",
        WaitCode.ALL_BUSY: f"{cars}, busy" if told.near == 1 else f"{cars}, all busy",
        WaitCode.OTHERS_FIRST: f"{cars}, going to riders who have waited longer",
        WaitCode.CARS_NEAR: f"{cars}, being asked",
    }[told.code]


def _about(seconds: float) -> str:
    return "less than a minute" if seconds < 60 else f"about {round(seconds / 60)} min"


def _minutes(seconds: float) -> str:
    return "less than a minute" if seconds < 45 else f"{max(1, round(seconds / 60))} min"
