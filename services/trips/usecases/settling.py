"""A completed trip's fare becomes final: on what was driven if that is known, else on the quote."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from hansom.contracts.errors import HansomError
from hansom.contracts.location import TraceUnfinished
from services.trips.domain.settlement import (
    Driven,
    FinalFare,
    SettleRule,
    is_out_of_patience,
    settled,
    settled_on_the_quote,
    settled_terms,
)
from services.trips.domain.trip import Trip
from services.trips.usecases.ports import TripEvent, Units

log = logging.getLogger(__name__)

BATCH = 50


class Surveyor(Protocol):
    """What was driven and what it costs: location and pricing. Both raise HansomError when they cannot say."""

    def survey(self, trip: Trip) -> Driven: ...
    def final_fare(self, trip: Trip, driven: Driven) -> FinalFare: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a trip is settled on. `fare` None: the quote. `driven_m` None: the quote's distance stays."""

    fare: FinalFare | None
    driven_m: float | None


InParallel = Callable[[Callable[[Trip], bool], Iterable[Trip]], Iterable[bool]]


def settle_due(units: Units, surveyor: Surveyor, rule: SettleRule, in_parallel: InParallel) -> int:
    """Settle every trip that is due, several at a time; gives how many. Who must wait comes again after `retry`."""
    done = 0
    while True:
        with units() as unit:
            now = unit.now
            due = unit.rows.take_unsettled(now, rule.retry, BATCH)
        done += sum(in_parallel(partial(_settle, units, surveyor, rule, now), due))
        if len(due) < BATCH:
            return done


def _settle(units: Units, surveyor: Surveyor, rule: SettleRule, now: datetime, trip: Trip) -> bool:
    """Settle one trip; False when it has to wait for its trace or for a part that is down."""
    verdict = _judge(surveyor, rule, now, trip)
    if verdict is None:
        return False
    with units() as unit:
        current = unit.rows.lock(trip.id)
        if current is None or current.settled_at is not None:
            return False
        told: dict[str, Any] = {}
        if verdict.fare is None:
            after = settled_on_the_quote(current, unit.now)
        else:
            after = settled(current, verdict.fare, verdict.driven_m, unit.now)
            told = {"breakdown": list(verdict.fare.lines), "tax": verdict.fare.tax}
        told |= settled_terms(after)
        unit.rows.save(current, after)
        unit.tell([TripEvent("trip_settled", after, told)])
    return True


def _judge(surveyor: Surveyor, rule: SettleRule, now: datetime, trip: Trip) -> Verdict | None:
    """What to settle on, or None while it is right to wait."""
    try:
        driven = surveyor.survey(trip)
        fare = surveyor.final_fare(trip, driven)
    except HansomError as exc:
        late = is_out_of_patience(trip, rule, now)
        level = logging.DEBUG if isinstance(exc, TraceUnfinished) else logging.WARNING
        log.log(level, "a fare has to wait", extra={"trip_id": trip.id, "error": exc.code, "on_the_quote": late})
        return Verdict(None, None) if late else None
    return Verdict(fare, driven.distance_m if driven.credible else None)
