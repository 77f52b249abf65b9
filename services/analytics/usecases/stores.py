"""What the use cases need of the stores and of other services."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ParamSpec, Protocol, TypeVar

from hansom.values import Point
from services.analytics.domain.facts import Claimed, Fact, Home
from services.analytics.domain.figures import Figures
from services.analytics.domain.hints import Sent
from services.analytics.domain.promises import Correction
from services.analytics.domain.series import Counted
from services.analytics.domain.supply import Look

P = ParamSpec("P")
R = TypeVar("R")


class Compute(Protocol):
    """Calls a pure function that takes long, so that nobody else has to wait meanwhile."""

    def __call__(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R: ...


SegmentOf = Callable[[str, Point], str | None]
"""(city, point) → the segment that holds it, or None outside of all."""


class Facts(Protocol):
    """Events, each once. Methods raise what the store raises while it is down."""

    def add(self, facts: Iterable[Fact]) -> None: ...

    def of_minute(self, city: str, minute: datetime) -> list[Fact]: ...

    def homes_and_promises(self, trip_ids: list[str]) -> tuple[dict[str, Home], dict[tuple[str, str], int]]: ...


class Periods(Protocol):
    """Figures of minutes, or of hours. Methods raise what the store raises while it is down."""

    def touch(self, periods: Iterable[tuple[str, datetime]]) -> None: ...

    def claim(self, now: datetime) -> Claimed | None: ...

    def write(self, claimed: Claimed, by_segment: Mapping[str, Figures], total: Figures) -> None: ...

    def finish(self, claimed: Claimed) -> None: ...

    def by_segment(self, city: str, since: datetime, until: datetime) -> Mapping[str, Figures]: ...

    def each(
        self, city: str, since: datetime, until: datetime
    ) -> Iterator[tuple[datetime, dict[str, dict[str, int]]]]: ...

    def at(self, city: str, starts: Iterable[datetime]) -> Iterator[tuple[datetime, dict[str, dict[str, int]]]]: ...

    def totals(self, city: str, since: datetime, until: datetime) -> Mapping[datetime, Figures]: ...

    def first(self, city: str) -> datetime | None: ...

    def total(self, city: str | None, since: datetime, until: datetime | None = None) -> Figures: ...


class Corrections(Protocol):
    """Every correction that was in force lately. Methods raise what the store raises while it is down."""

    def latest(self, city: str) -> Correction | None: ...

    def of_all(self) -> list[Correction]: ...

    def since(self, city: str, moment: datetime) -> list[Correction]: ...

    def add(self, correction: Correction) -> None: ...

    def drop_before(self, city: str, moment: datetime) -> None: ...

    def claim_learning(self, now: datetime) -> bool: ...

    def learnt(self, now: datetime, again_at: datetime) -> None: ...


class Looks(Protocol):
    """The free cars of cities, as they were seen; the newest first. Methods raise what the store raises."""

    def add(self, look: Look) -> None: ...

    def since(self, city: str, moment: datetime) -> list[Look]: ...

    def free_since(self, city: str, moment: datetime) -> list[Look]: ...


class GivenHints(Protocol):
    """What drivers were told lately. Methods raise what the store raises while it is down."""

    def add(self, sent: Sequence[Sent]) -> None: ...

    def in_force(self, city: str, now: datetime) -> list[Sent]: ...

    def told(self, event_ids: Iterable[str]) -> None: ...


class TakenPositions(Protocol):
    """Positions that location took, by minute. Methods raise what the store raises while it is down."""

    def note(self, counted: Mapping[tuple[str, datetime], Counted]) -> None: ...

    def since(self, city: str, moment: datetime) -> Mapping[datetime, Counted]: ...


@dataclass(frozen=True, slots=True)
class Stores:
    """Where facts, figures and corrections are."""

    facts: Facts
    minutes: Periods
    hours: Periods
    corrections: Corrections
