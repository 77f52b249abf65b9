"""The PIN that the rider tells the driver: who guesses is locked out for a while."""

from __future__ import annotations

import hmac
import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hansom.contracts.trips import PinLocked
from services.trips.domain.trip import Trip

PIN_DIGITS = 4


@dataclass(frozen=True, slots=True)
class PinRule:
    """After `max_tries` wrong PINs in a row none is taken for `lock`."""

    max_tries: int
    lock: timedelta


def must_not_be_locked(trip: Trip, now: datetime) -> None:
    """Raises PinLocked (details: retry_after_s, whole seconds, at least 1)."""
    if trip.pin_locked_until is not None and now < trip.pin_locked_until:
        left_s = (trip.pin_locked_until - now).total_seconds()
        raise PinLocked(details={"retry_after_s": max(1, math.ceil(left_s))})


def is_right(trip: Trip, pin: str | None) -> bool:
    """True when it is the trip's PIN; compared in constant time."""
    return hmac.compare_digest(trip.pin.encode(), (pin or "").encode())


def failed(trip: Trip, rule: PinRule, now: datetime) -> Trip:
    """The trip after one more wrong PIN: counted, and locked at the last try. After a lock the count starts anew."""
    failures = trip.pin_failures + 1
    if failures < rule.max_tries:
        return replace(trip, pin_failures=failures)
    return replace(trip, pin_failures=0, pin_locked_until=now + rule.lock)
