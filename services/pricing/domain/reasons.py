"""The surge of a quote, and why, in words that a rider can check by looking around."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from hansom.contracts.pricing import SurgeCode, SurgeValuesReply
from services.pricing.domain.surge import STEPS, SegmentSurge

EASING = 0.05
"""A target this far below what is shown: the fare is on its way down."""

WORDS = {
    SurgeCode.NORMAL: "The usual fare.",
    SurgeCode.HIGH_DEMAND: "Many rides are asked for near the pickup.",
    SurgeCode.OFF: "The usual fare: fares in this city do not rise with demand at the moment.",
    SurgeCode.SUPPLY_UNKNOWN: "The usual fare: how many cars are free is not known at the moment.",
    SurgeCode.DEMAND_UNKNOWN: "The usual fare: how many rides are asked for is not known at the moment.",
}


@dataclass(frozen=True, slots=True)
class Surge:
    """A multiplier of 1 or more, in tenths, and why: for programs, and in words.

    `values`: what the words say, in numbers, as it was then; None at 1, and of quotes that are older than it.
    """

    tenths: int
    code: SurgeCode
    reason: str
    values: SurgeValuesReply | None = None

    @property
    def multiplier(self) -> Fraction:
        return Fraction(self.tenths, STEPS)


@dataclass(frozen=True, slots=True)
class Reckoned:
    """When a city's surge was last reckoned, and by which settings.

    `trouble`: what could not be known when it was tried again since.
    """

    at: datetime | None
    enabled: bool = True
    cap_tenths: int = STEPS
    window_s: float = 300.0
    trouble: SurgeCode | None = None

    def is_known(self, now: datetime, stale: timedelta) -> bool:
        """Whether it is new enough to raise a fare."""
        return self.at is not None and now - self.at <= stale


def no_surge(code: SurgeCode) -> Surge:
    return Surge(STEPS, code, WORDS[code])


def surge_of(reckoned: Reckoned | None, segment: SegmentSurge | None, now: datetime, stale: timedelta) -> Surge:
    """The surge of a quote for a pickup in a segment. What is not known, or no longer, never raises a fare."""
    if reckoned is None:
        return no_surge(SurgeCode.DEMAND_UNKNOWN)
    if not reckoned.enabled:
        return no_surge(SurgeCode.OFF)
    if not reckoned.is_known(now, stale):
        return no_surge(reckoned.trouble or SurgeCode.DEMAND_UNKNOWN)
    tenths = STEPS if segment is None else min(segment.tenths, reckoned.cap_tenths)
    if segment is None or tenths <= STEPS:
        return no_surge(SurgeCode.NORMAL)
    values = _values(tenths, segment, reckoned)
    return Surge(tenths, SurgeCode.HIGH_DEMAND, _why(tenths, values), values)


def _values(tenths: int, segment: SegmentSurge, reckoned: Reckoned) -> SurgeValuesReply:
    near = segment.near
    return {
        "window_s": reckoned.window_s,
        "requests": near.requests,
        "waiting": near.waiting,
        "unmet": near.unmet,
        "free": near.free,
        "easing": segment.target < tenths / STEPS - EASING,
        "at_cap": tenths == reckoned.cap_tenths,
    }


def _why(tenths: int, values: SurgeValuesReply) -> str:
    numbers = _numbers(values)
    if values["easing"]:
        return f"It was busier near the pickup and is getting quieter: {numbers}."
    if values["at_cap"]:
        return f"Busy near the pickup: {numbers}. Fares rise no further than {tenths / STEPS} times the usual here."
    return f"Busy near the pickup: {numbers}."


def _numbers(values: SurgeValuesReply) -> str:
    parts = [f"{_many(values['requests'], 'ride')} asked for in {_minutes(values['window_s'])}"]
    if values["waiting"]:
        parts.append(f"{values['waiting']} still without a car")
    if values["unmet"]:
        parts.append(f"{values['unmet']} found none")
    parts.append(f"{_many(values['free'], 'free car')}" if values["free"] else "no free car")
    return ", ".join(parts)


def _many(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _minutes(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return "the last minute" if minutes == 1 else f"the last {minutes} minutes"
