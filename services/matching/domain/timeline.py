"""How a driver was looked for, moment by moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hansom.contracts.timeline import Code, Kind, Moment
from services.matching.domain.summary import reason_of


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch's look at the trip. `considered`: driver id → why he was not asked, None when he was."""

    at: datetime
    policy: str
    fallback: str | None
    estimated: bool
    considered: Mapping[str, str | None]

    @property
    def dropped(self) -> dict[str, int]:
        """How many were not asked, by reason, most first."""
        reasons = Counter(reason_of(why).value for why in self.considered.values() if why is not None)
        return dict(reasons.most_common())

    @property
    def offered(self) -> int:
        return sum(1 for why in self.considered.values() if why is None)


@dataclass(slots=True)
class _Run:
    """Batches one after another that all came to the same: told as one moment."""

    first: Batch
    last: Batch
    batches: int = 1
    drivers: set[str] = field(default_factory=set)

    def goes_on_with(self, batch: Batch) -> bool:
        """Nothing came of it again, for the same reasons and by the same policy."""
        last = self.last
        alike = (last.policy, last.fallback, last.estimated, set(last.dropped))
        return (
            not last.offered
            and not batch.offered
            and alike
            == (
                batch.policy,
                batch.fallback,
                batch.estimated,
                set(batch.dropped),
            )
        )


def looks(batches: Iterable[Batch]) -> list[Moment]:
    """The batches, oldest first; a run of them that came to the same thing is one moment, at its first."""
    runs: list[_Run] = []
    for batch in batches:
        if runs and runs[-1].goes_on_with(batch):
            runs[-1].last, runs[-1].batches = batch, runs[-1].batches + 1
        else:
            runs.append(_Run(batch, batch))
        runs[-1].drivers.update(batch.considered)
    return [_moment(run) for run in runs]


def _moment(run: _Run) -> Moment:
    return Moment(run.first.at, Kind.SEARCH, Code.LOOKED, None, _values(run))


def _values(run: _Run) -> dict[str, Any]:
    """`drivers`: how many were looked at in all; `offered` and `dropped`: of the last of the batches."""
    return {
        "batches": run.batches,
        "for_s": round((run.last.at - run.first.at).total_seconds(), 1),
        "drivers": len(run.drivers),
        "offered": run.last.offered,
        "dropped": run.last.dropped,
        "policy": run.last.policy,
        "fallback": run.last.fallback,
        "estimated": run.last.estimated,
    }


@dataclass(frozen=True, slots=True)
class Promise:
    """The first word that a rider was given of his wait, and how it was kept."""

    at: datetime
    about_s: float | None
    actual_s: float | None
    how: str


def promises(kept: Sequence[Promise]) -> Iterator[Moment]:
    """What riders were told, when they were told it."""
    for each in kept:
        if each.about_s is not None:
            values = {"about_s": each.about_s, "actual_s": each.actual_s, "how": each.how}
            yield Moment(each.at, Kind.SEARCH, Code.WAIT_PROMISED, None, values)
