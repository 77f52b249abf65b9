"""What was decided about a trip, in words: pure functions of its decision records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hansom.contracts.matching import Answer, Dropped

OTHERS = {
    Dropped.ANOTHER_DRIVER: ("was left for a better one", "were left for a better one"),
    Dropped.ANOTHER_TRIP: ("was asked for another trip", "were asked for another trip"),
    Dropped.TOO_FAR: ("was too far away", "were too far away"),
    Dropped.PATIENCE: ("could not have come in time", "could not have come in time"),
    Dropped.FINISHING: ("was still on a ride", "were still on a ride"),
    Dropped.HELD: ("was finishing a ride and waited for", "were finishing a ride and waited for"),
    Dropped.NO_ROAD: ("had no road to the pickup", "had no road to the pickup"),
    Dropped.CATEGORY: ("drives another category", "drive another category"),
    Dropped.EXCLUDED: ("had refused the trip before", "had refused the trip before"),
    Dropped.REFUSED: ("was not free after all", "were not free after all"),
    Dropped.NOT_MATCHED: ("was not needed", "were not needed"),
}
"""Why a driver was not asked, of one and of several."""

ANSWERS = {
    Answer.DECLINED: "declined",
    Answer.EXPIRED: "did not answer in time",
    Answer.WITHDRAWN: "had the offer taken back",
    Answer.ACCEPTED: "accepted",
}

FALLBACKS = {
    "deadline": "the city's own policy was not ready in time",
    "still_solving": "the city's own policy was at work on an earlier batch",
}


@dataclass(frozen=True, slots=True)
class Look:
    """One batch's look at the trip: when, who decided and why not the city's own policy, and who was looked at.

    `considered`: driver id → why he was not asked, None when he was. `estimated`: the road times were guesses.
    """

    at: datetime
    policy: str
    fallback: str | None
    estimated: bool
    considered: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """An offer: what came of it (None: nothing yet) and seconds until then."""

    driver_id: str
    answer: Answer | None
    delay_s: float | None


@dataclass(frozen=True, slots=True)
class Word:
    """What a rider was promised (None: nothing), how long it was to the end of his wait, and how it ended."""

    about_s: float | None
    actual_s: float | None
    how: str


def summarise(looks: Sequence[Look], asked: Sequence[Asked], words: Sequence[Word] = ()) -> str:
    """What happened, in a few sentences. `looks` and `words`: oldest first."""
    if not looks and not asked:
        return "No batch has looked at this trip."
    others = _others(looks, {each.driver_id for each in asked})
    sentences = [_looked(looks), _asked(asked), others, *map(_kept, words), *_notes(looks)]
    return " ".join(sentence for sentence in sentences if sentence)


def counted(number: int, one: str, more: str) -> str:
    """`1 driver`, `3 drivers`."""
    return f"{number} {one if number == 1 else more}"


def lasting(seconds: float) -> str:
    """`12 s`, `3 min`."""
    return f"{round(seconds)} s" if seconds < 90 else f"{round(seconds / 60)} min"


def _looked(looks: Sequence[Look]) -> str:
    if not looks:
        return ""
    drivers = {driver_id for look in looks for driver_id in look.considered}
    within_s = (looks[-1].at - looks[0].at).total_seconds()
    batches = counted(len(looks), "batch", "batches") + (f", over {lasting(within_s)}" if len(looks) > 1 else "")
    if not drivers:
        return f"No free driver was near in {batches}."
    alone = sum(1 for look in looks if not look.considered)
    nobody = f" In {alone} of them none was near." if alone else ""
    return f"{counted(len(drivers), 'driver was', 'drivers were')} looked at in {batches}.{nobody}"


def _asked(asked: Sequence[Asked]) -> str:
    if not asked:
        return "Nobody was asked."
    answers = Counter(each.answer for each in asked)
    said = [f"{answers[answer]} {words}" for answer, words in ANSWERS.items() if answer in answers]
    said += [f"{answers[None]} had not answered"] if None in answers else []
    delays = [each.delay_s for each in asked if each.answer is Answer.ACCEPTED and each.delay_s is not None]
    after = f" (after {lasting(delays[-1])})" if delays else ""
    return f"{counted(len(asked), 'was', 'were')} asked: {', '.join(said)}{after}."


def _others(looks: Iterable[Look], asked: set[str]) -> str:
    """Of those who were never asked, why: what the last batch said that looked at each."""
    last: dict[str, str] = {}
    for look in looks:
        last |= {driver_id: why for driver_id, why in look.considered.items() if why is not None}
    reasons = Counter(reason_of(why) for driver_id, why in last.items() if driver_id not in asked)
    if not reasons:
        return ""
    told = [f"{number} {OTHERS[reason][number > 1]}" for reason, number in reasons.most_common()]
    return f"Not asked: {', '.join(told)}."


def _kept(word: Word) -> str:
    if word.about_s is None or word.actual_s is None:
        return ""
    ends = {"cancelled": "the trip was cancelled", "expired": "nobody had come"}
    kept = f"{ends[word.how]} after" if word.how in ends else "it took"
    return f"The rider was told about {lasting(word.about_s)}; {kept} {lasting(word.actual_s)}."


def _notes(looks: Sequence[Look]) -> list[str]:
    notes = []
    for (policy, fallback), number in Counter((look.policy, look.fallback) for look in looks if look.fallback).items():
        why = FALLBACKS.get(fallback or "", fallback)
        notes.append(f"In {counted(number, 'batch', 'batches')} `{policy}` decided, as {why}.")
    guessed = sum(1 for look in looks if look.estimated)
    if guessed:
        notes.append(f"In {counted(guessed, 'batch', 'batches')} road times were estimates.")
    return notes


def reason_of(why: str) -> Dropped:
    """What a record says, without what `trips` said more (`refused:driver_not_free`)."""
    word = why.partition(":")[0]
    return Dropped(word) if word in set(Dropped) else Dropped.NOT_MATCHED
