"""Surge: reckoned every few seconds, seen and set by operators."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from hansom.contracts.maps import UnknownCity
from hansom.contracts.pricing import ListSurgeChanges, SetSurge, SurgeCode
from services.pricing.domain.reasons import Reckoned
from services.pricing.domain.setting import SurgeChange, SurgeDefaults, SurgeSetting, changed
from services.pricing.domain.surge import STEPS, Around, Demand, SegmentSurge, SurgeRules, step

log = logging.getLogger(__name__)

Step = Callable[..., dict[str, SegmentSurge]]
"""As `step`."""

NO_SURGE: Mapping[str, SegmentSurge] = {}


@dataclass(frozen=True, slots=True)
class SurgePlan:
    """The settings that surge is reckoned by. `defaults`: of each city that is served. `rules`: without what operators
    set. `stale`: after so long without a step, fares are the usual ones, and the next step begins from there."""

    defaults: Mapping[str, SurgeDefaults]
    rules: SurgeRules
    stale: timedelta
    tick: timedelta

    def of(self, city: str) -> SurgeDefaults:
        """Raises UnknownCity."""
        if city not in self.defaults:
            raise UnknownCity(details={"city": [f"{city[:40]} is not a city here."]})
        return self.defaults[city]


@dataclass(frozen=True, slots=True)
class Seen:
    """A city now: demand and free cars by segment, and which segments lie around which."""

    demand: Mapping[str, Demand]
    free: Mapping[str, int]
    around: Around


class Streets(Protocol):
    """What is seen of demand and supply, and where surge is kept. Every method raises RedisError."""

    def look_at(self, city: str, now: datetime) -> Seen | SurgeCode:
        """A city, or what of it is not known."""

    def last(self, city: str) -> tuple[Reckoned | None, Mapping[str, SegmentSurge]]: ...
    def keep(self, city: str, reckoned: Reckoned, segments: Mapping[str, SegmentSurge]) -> None: ...
    def note_trouble(self, city: str, reckoned: Reckoned) -> None: ...


class SettingRows(Protocol):
    def get(self, city: str) -> SurgeSetting: ...
    def lock(self, city: str) -> SurgeSetting: ...
    def keep(self, setting: SurgeSetting, change: SurgeChange) -> None: ...
    def changes(self, city: str | None, before: str | None, most: int) -> Sequence[SurgeChange]: ...


def reckon_surge(
    streets: Streets, settings: Mapping[str, SurgeSetting], plan: SurgePlan, now: datetime, take: Step = step
) -> None:
    """One step for each city. What cannot be known of a city leaves its surge as it was, until that is stale.

    `take` is `step`, wherever it computes. Raises RedisError.
    """
    for city, defaults in plan.defaults.items():
        holds = settings.get(city, SurgeSetting(city)).in_force(defaults)
        reckoned = Reckoned(now, holds.enabled, holds.cap_tenths, plan.rules.window_s)
        if holds.enabled:
            _reckon_city(city, reckoned, streets, plan, take)
        else:
            streets.keep(city, reckoned, {})


def _reckon_city(city: str, reckoned: Reckoned, streets: Streets, plan: SurgePlan, take: Step) -> None:
    now = reckoned.at
    assert now is not None
    before, last = streets.last(city)
    seen = streets.look_at(city, now)
    if isinstance(seen, SurgeCode):
        if before is None or before.trouble is not seen:
            log.warning("surge is left as it was", extra={"city": city, "trouble": seen.value})
        streets.note_trouble(city, replace(reckoned, at=before.at if before else None, trouble=seen))
        return
    since, start = plan.tick, NO_SURGE
    if before is not None and before.at is not None and before.is_known(now, plan.stale):
        since, start = now - before.at, last
    rules = replace(plan.rules, cap_tenths=reckoned.cap_tenths)
    segments = take(seen.demand, seen.free, seen.around, start, rules=rules, dt_s=since.total_seconds())
    streets.keep(city, reckoned, segments)
    if _highest(segments) != _highest(last):
        log.info("surge", extra={"city": city, "highest": _highest(segments) / STEPS, "segments": len(segments)})


def _highest(segments: Mapping[str, SegmentSurge]) -> int:
    return max((state.tenths for state in segments.values()), default=STEPS)


def set_surge(
    command: SetSurge, rows: SettingRows, plan: SurgePlan, now: datetime, new_id: Callable[[], str]
) -> SurgeSetting:
    """What an operator wants, kept with who he is; nothing when it is so already. Raises UnknownCity."""
    defaults = plan.of(command.city)
    setting = rows.lock(command.city)
    after = changed(setting, command, now)
    if after is None:
        return setting
    old, new = setting.in_force(defaults), after.in_force(defaults)
    rows.keep(after, SurgeChange(new_id(), command.city, now, command.ops_user_id, old, new, command.note))
    return after


def list_changes(request: ListSurgeChanges, rows: SettingRows) -> tuple[Sequence[SurgeChange], str | None]:
    """A page of changes, newest first, and the cursor of the next, None: this is the last."""
    found = rows.changes(request.city, request.cursor, request.limit + 1)
    page = found[: request.limit]
    return page, page[-1].id if len(found) > len(page) else None
