"""Why a driver had few rides in a stretch of time, in words: a pure function of what is known of it.

Nothing here names a rider, a trip or another driver: a driver is told it too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import atan2, cos, degrees, radians

from hansom.contracts.matching import Answer, Dropped
from hansom.values import Point, distance_m
from services.matching.domain.summary import counted, lasting, reason_of

OFFERED = "offered"
"""What a record says of a trip that the driver was asked for."""

FEW_REQUESTS = 3
"""Fewer requests than this near him in the time, and there was not much to be had."""

MANY_NOES = 0.5
"""From this share of offers not taken on, that is why."""

NEARBY_M = 2000
"""As far as `near` goes in what a driver is told of requests, metres in a straight line."""

STEP_M, DRIVE_M = 500, 5000
"""A place nearer than the one is where he stands already; one further than the other is too far to drive to idly."""


@dataclass(frozen=True, slots=True)
class Place:
    """A segment's middle, the rides asked for in it, and those that nobody came for."""

    point: Point
    requests: int
    unmet: int


@dataclass(frozen=True, slots=True)
class Busier:
    """Where more rides are asked for than where the driver is."""

    requests: int
    distance_m: float
    direction: str


@dataclass(frozen=True, slots=True)
class Shift:
    """The driver went online, or offline, at that time."""

    at: datetime
    online: bool


@dataclass(frozen=True, slots=True)
class SeenTrip:
    """A trip that he was looked at for: what the last batch said of him, and by how much the one chosen was ahead."""

    why: str
    behind_s: float | None


@dataclass(frozen=True, slots=True)
class DriverHour:
    """All that is known of a driver in a stretch of time; None for what a part that is down would have said.

    `now`: why he is not offered rides at this moment (see NOW), None when he is or it is not known. `batches`: that
    looked at him. `trips`: trip id → what became of it for him. `requests`, `unmet`: asked for, and not met, near him.
    """

    since: datetime
    until: datetime
    online_s: float
    riding_s: float | None
    rides: int | None
    batches: int
    trips: Mapping[str, SeenTrip]
    answers: Sequence[Answer | None]
    mean_answer_s: float | None
    requests: int | None = None
    unmet: int | None = None
    busier: Busier | None = None
    now: str | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why not, how often (requests, or offers), and in words. `nearer_s`: what others were ahead by, on average."""

    code: str
    count: int
    words: str
    nearer_s: float | None = None


@dataclass(frozen=True, slots=True)
class Tip:
    """What to do, for programs and in words: one of NOW and why that is, or one of `_tips`. `busier`: where to go."""

    code: str
    words: str
    busier: Busier | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """`summary` in a few sentences; `reasons`, most frequent first; `tips`: what to do about it, best first."""

    summary: str
    reasons: tuple[Reason, ...]
    tips: tuple[Tip, ...]

    @property
    def advice(self) -> tuple[str, ...]:
        """The tips in words."""
        return tuple(tip.words for tip in self.tips)


NOW = {
    "pending": ("You are not approved yet.", "An operator has to approve you before you can go online."),
    "suspended": ("You are suspended.", "Ask your operator why: you cannot go online until it is lifted."),
    "offline": ("You are offline.", "Go online to be offered rides."),
    "no_position": ("Your position is not known.", "Open the app and let it use your location."),
    "silent": ("Your position has not been heard of lately.", "Keep the app open, with location on and a connection."),
    "doubtful": (
        "Your reported positions jump or stand still in a way that cannot be, so they are not relied on.",
        "Turn off apps that change your location, and wait some minutes where the sky is clear.",
    ),
    "busy": ("You are on a ride.", ""),
    "off": ("You are not on the map as free.", "Go offline and online again if this stays."),
}
"""Why a driver is not offered rides right now: what he is told, and what to do."""

WORDS: dict[str, tuple[str, str]] = {
    Dropped.ANOTHER_DRIVER: ("request went to a better placed driver", "requests went to better placed drivers"),
    Dropped.ANOTHER_TRIP: (
        "request went to another driver while you were asked for a different one",
        "requests went to other drivers while you were asked for different ones",
    ),
    Dropped.TOO_FAR: ("request was too far away", "requests were too far away"),
    Dropped.PATIENCE: (
        "request would have ended before you got there",
        "requests would have ended before you got there",
    ),
    Dropped.FINISHING: ("request came before your ride was over", "requests came before your rides were over"),
    Dropped.HELD: (
        "request was kept for you until your ride ended",
        "requests were kept for you until your ride ended",
    ),
    Dropped.NO_ROAD: ("request had no road from where you were", "requests had no road from where you were"),
    Dropped.CATEGORY: ("request was for another kind of car", "requests were for another kind of car"),
    Dropped.EXCLUDED: ("request you had refused before", "requests you had refused before"),
    Dropped.REFUSED: ("request came while you were not free", "requests came while you were not free"),
    Dropped.NOT_MATCHED: ("request was left for the next round", "requests were left for the next round"),
}
"""Of one request and of several."""

OFFERS = {
    Answer.ACCEPTED: "accepted",
    Answer.DECLINED: "declined",
    Answer.EXPIRED: "not answered in time",
    Answer.WITHDRAWN: "taken back",
    None: "open",
}


def explain(hour: DriverHour) -> Explanation:
    """Why so few rides."""
    reasons = tuple(sorted(_reasons(hour), key=lambda reason: (-reason.count, reason.code)))
    return Explanation(_summary(hour, reasons), reasons, tuple(_tips(hour, reasons)))


def online_seconds(shifts: Iterable[Shift], since: datetime, until: datetime) -> float:
    """How much of the time he was online. `shifts`: all that is known, also from before; before the first of them he
    was the other way, and without any he was offline."""
    known = sorted(shifts, key=lambda shift: shift.at)
    state, begins, total = bool(known) and not known[0].online, since, timedelta()
    for shift in known:
        at = min(max(shift.at, since), until)
        total += at - begins if state else timedelta()
        begins, state = at, shift.online
    return (total + (until - begins if state else timedelta())).total_seconds()


def riding_seconds(rides: Iterable[tuple[datetime, datetime | None]], since: datetime, until: datetime) -> float:
    """How much of the time he had a trip. `rides`: when each was his, and until when (None: still)."""
    spans = ((max(begins, since), min(ends or until, until)) for begins, ends in rides)
    return sum(max(0.0, (ends - begins).total_seconds()) for begins, ends in spans)


def _reasons(hour: DriverHour) -> list[Reason]:
    counts = Counter(str(reason_of(trip.why)) for trip in hour.trips.values() if trip.why != OFFERED)
    found = [_reason(code, number, hour) for code, number in counts.items()]
    declined, silent = hour.answers.count(Answer.DECLINED), hour.answers.count(Answer.EXPIRED)
    taken_back = hour.answers.count(Answer.WITHDRAWN)
    if declined:
        found.append(Reason("declined", declined, f"You declined {counted(declined, 'offer', 'offers')}."))
    if silent:
        words = f"You did not answer {counted(silent, 'offer', 'offers')} in time."
        found.append(Reason("not_answered", silent, words))
    if taken_back:
        words = f"{counted(taken_back, 'offer was', 'offers were')} taken back before you could answer."
        found.append(Reason("taken_back", taken_back, words))
    return found


def _reason(code: str, number: int, hour: DriverHour) -> Reason:
    words = f"{number} {WORDS[code][number > 1]}"
    behind = [trip.behind_s for trip in hour.trips.values() if trip.why == code and trip.behind_s is not None]
    mean_s = sum(behind) / len(behind) if behind else 0.0
    if mean_s < 1:
        return Reason(code, number, f"{words}.")
    nearer = f"{words}, {lasting(mean_s)} nearer{' on average' if number > 1 else ''}."
    return Reason(code, number, nearer, round(mean_s, 1))


def _summary(hour: DriverHour, reasons: Sequence[Reason]) -> str:
    sentences = [_worked(hour), _wanted(hour), _offers(hour)]
    if reasons:
        sentences.append(f"Mostly: {reasons[0].words}")
    if hour.now is not None and hour.now in NOW:
        sentences.append(NOW[hour.now][0])
    return " ".join(sentence for sentence in sentences if sentence)


def _worked(hour: DriverHour) -> str:
    span = lasting((hour.until - hour.since).total_seconds())
    worked = f"Of {span} you were online {lasting(hour.online_s)}"
    if hour.rides:
        worked += f", {lasting(hour.riding_s or 0.0)} of it with {counted(hour.rides, 'ride', 'rides')}"
    return f"{worked}."


def _wanted(hour: DriverHour) -> str:
    looked = f"you were looked at for {len(hour.trips)}"
    if hour.requests is None:
        return f"{looked[0].upper()}{looked[1:]} {'request' if len(hour.trips) == 1 else 'requests'}."
    near = counted(hour.requests, "ride was", "rides were")
    return f"{near} asked for within {NEARBY_M // 1000} km of you; {looked}, near or far."


def _offers(hour: DriverHour) -> str:
    if not hour.answers:
        return "No offer was made to you."
    answers = Counter(hour.answers)
    said = [f"{answers[answer]} {word}" for answer, word in OFFERS.items() if answer in answers]
    after = f", after {lasting(hour.mean_answer_s)} on average" if hour.mean_answer_s is not None else ""
    return f"{counted(len(hour.answers), 'offer was', 'offers were')} made to you: {', '.join(said)}{after}."


def _tips(hour: DriverHour, reasons: Sequence[Reason]) -> Iterator[Tip]:
    first = reasons[0].code if reasons else None
    noes = hour.answers.count(Answer.DECLINED) + hour.answers.count(Answer.EXPIRED)
    if hour.now in NOW and NOW[hour.now][1]:
        yield Tip(hour.now, NOW[hour.now][1])
    if noes and noes >= MANY_NOES * len(hour.answers):
        words = "An offer that is not taken goes to another driver, and the same request never comes back to you."
        yield Tip("not_taken", words)
    if hour.requests is not None and hour.requests < FEW_REQUESTS:
        yield Tip("little_asked", "Little was asked for where you are.")
    if hour.busier is not None:
        yield Tip("busier", _go(hour.busier), hour.busier)
    if first == Dropped.ANOTHER_DRIVER:
        yield Tip("wait_elsewhere", "Other cars are nearer to most requests here: wait where fewer stand.")
    if first == Dropped.CATEGORY:
        yield Tip("other_category", "Most requests here are for a kind of car that yours is not registered as.")


def _go(busier: Busier) -> str:
    away = f"{busier.distance_m / 1000:.1f} km {busier.direction}"
    return f"About {away} of you {counted(busier.requests, 'ride was', 'rides were')} asked for."


# -- where rides are asked for -----------------------------------------------------------------------------------------
def requests_near(places: Iterable[Place], here: Point) -> tuple[int, int]:
    """How many rides were asked for within NEARBY_M of here, and how many of these nobody came for."""
    near = [place for place in places if distance_m(place.point, here) <= NEARBY_M]
    return sum(place.requests for place in near), sum(place.unmet for place in near)


def busier_place(places: Iterable[Place], here: Point) -> Busier | None:
    """The place with the most requests for its distance that is away, and has more than the place nearest to here."""
    known = [(distance_m(place.point, here), place) for place in places]
    if not known:
        return None
    own = min(known, key=lambda each: (each[0], each[1].point.lat, each[1].point.lng))
    away = [each for each in known if each is not own and STEP_M <= each[0] <= DRIVE_M]
    better = [each for each in away if each[1].requests > max(own[1].requests, FEW_REQUESTS)]
    if not better:
        return None
    gap_m, place = max(better, key=lambda each: (each[1].requests / (each[0] + DRIVE_M / 2), -each[0]))
    return Busier(place.requests, gap_m, direction(here, place.point))


def direction(start: Point, end: Point) -> str:
    """One of eight points of the compass, as a word."""
    east = (end.lng - start.lng) * cos(radians((start.lat + end.lat) / 2))
    eighths = round(degrees(atan2(east, end.lat - start.lat)) / 45) % 8
    return ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")[eighths]
