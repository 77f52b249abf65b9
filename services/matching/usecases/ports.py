"""What a batch needs from the world: the pool, other services, records, a thread to compute in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from hansom.values import Point
from services.matching.domain.model import Batch, Considered, FreeDriver, Policy, Proposal, Rules, WaitingTrip
from services.matching.domain.news import DriverNews
from services.matching.domain.outcome import Outcome
from services.matching.domain.pool import Answered, Change, Habits, ListedTrip, OpenOffer, PooledTrip, PoolView
from services.matching.domain.tables import TablePlan

if TYPE_CHECKING:
    from services.matching.usecases import ClosedBatch


class PolicyLate(Exception):
    """A policy was not ready in time. `why`: `deadline`, or `still_solving` when an earlier batch's is at work."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom to look for near trips: at most `limit` free drivers each, none who is `busy` with an offer.

    `standing`: trip → the driver who has its open offer, and is looked at for it all the same. `finishing_within_s`:
    also drivers who end a ride within so many seconds; 0: none of them.
    """

    limit: int
    busy: frozenset[str] = frozenset()
    standing: Mapping[str, str] = field(default_factory=dict)
    finishing_within_s: float = 0.0


class Pool(Protocol):
    """The waiting pool. Its methods raise what its store raises while it is down."""

    def read(self, city: str, now_ms: int) -> PoolView: ...

    def apply(self, changes: Iterable[Change], now_ms: int) -> None: ...

    def rebuild(self, city: str, before: PoolView, waiting: list[PooledTrip], changes: list[Change]) -> None: ...

    def habits(self, driver_ids: Sequence[str]) -> dict[str, Habits]: ...


class Partners(Protocol):
    """The services that a batch needs. Each method is one call (`road_tables`: one for each plan, all at once).

    All raise Unavailable while a service is down.
    """

    def list_waiting(self, city: str) -> list[ListedTrip]: ...

    def find_candidates(self, trips: Sequence[WaitingTrip], wanted: Wanted) -> dict[str, list[FreeDriver]]: ...

    def road_tables(
        self, plans: Sequence[TablePlan], drivers: Mapping[str, FreeDriver], trips: Mapping[str, WaitingTrip]
    ) -> tuple[list[list[list[float | None]]], bool]: ...

    def unshown_offers(self, offer_ids: Sequence[str]) -> frozenset[str]: ...

    def make_offers(self, pairs: Sequence[Considered], replaced: Mapping[str, OpenOffer], ttl_s: float) -> Outcome: ...


class Records(Protocol):
    """Keeps decision records, answers and shifts, durably, on their way to MongoDB. Raises Unavailable."""

    def put_answers(self, answers: Sequence[Answered]) -> None: ...

    def put_shifts(self, news: Sequence[DriverNews]) -> None: ...

    def put_decisions(self, closed: ClosedBatch) -> None: ...


class Waiting(Protocol):
    """Tells riders who wait how it stands, once a batch's offers are out. Raises nothing: no offer depends on it."""

    def note(self, closed: ClosedBatch, pooled: Iterable[PooledTrip]) -> None: ...


class Compute(Protocol):
    """Runs a city's policy where it does not stop the event loop. Raises PolicyLate after `within_s`; None: never."""

    def __call__(self, city: str, policy: Policy, batch: Batch, rules: Rules, within_s: float | None) -> Proposal: ...


Worth = Callable[[str, Point], float]
"""(city, point) → seconds by which a driver there gets his next trip sooner than in the city's mean; 0: not known."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What a batch reaches out to. `spent_s()`: seconds since it began."""

    pool: Pool
    partners: Partners
    records: Records
    compute: Compute
    worth: Worth
    waiting: Waiting
    spent_s: Callable[[], float]
