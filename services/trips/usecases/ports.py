"""What the use cases need from the world: rows, the archive, other services. Storage and tests bring their own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Protocol

from hansom.contracts.trips import OfferProposal, TripState
from services.trips.domain.approach import Approach, Watched
from services.trips.domain.offer import Offer, WaitingTrip
from services.trips.domain.paging import Place, TripFilter
from services.trips.domain.trip import Trip


@dataclass(frozen=True, slots=True)
class TripEvent:
    """Something that happened to a trip. `more`: what the event says beside the trip."""

    type: str
    trip: Trip
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OfferEvent:
    """Something that happened to an offer. `trip`: when the event tells of it; `reason`: why it was withdrawn."""

    type: str
    offer: Offer
    trip: Trip | None = None
    reason: str | None = None


Happening = TripEvent | OfferEvent


class Rows(Protocol):
    """Trips and offers of one transaction: see `storage.trips.TripRows`."""

    def find(self, trip_id: str) -> Trip | None: ...
    def lock(self, trip_id: str) -> Trip | None: ...
    def add(self, trip: Trip) -> None: ...
    def active_trip_of(self, rider_id: str) -> str | None: ...
    def save(self, before: Trip, after: Trip) -> None: ...
    def lock_with_offer(self, offer_id: str) -> tuple[Trip, Offer] | None: ...
    def save_offer(self, offer: Offer) -> None: ...
    def release_offer(self, trip_id: str, driver_id: str) -> None: ...
    def has_released(self, trip_id: str, driver_id: str) -> bool: ...
    def lock_waiting(self, trip_ids: Collection[str]) -> dict[str, WaitingTrip]: ...
    def add_offers(self, new: Sequence[Offer]) -> set[str]: ...
    def unshown_offers(self, offer_ids: Collection[str]) -> list[str]: ...
    def note_shown(self, offer_ids: Collection[str], at: datetime) -> int: ...
    def withdraw_unshown(self, offer_ids: Collection[str], at: datetime) -> list[Offer]: ...
    def reopen_offers(self, offer_ids: Collection[str]) -> None: ...
    def withdraw_open_offers(self, trip_ids: Collection[str], at: datetime) -> list[Offer]: ...
    def lock_open_offers_to(self, driver_ids: Collection[str]) -> list[Offer]: ...
    def withdraw_offers(self, offer_ids: Collection[str], at: datetime) -> list[Offer]: ...
    def expire_offers(self, now: datetime, limit: int) -> list[Offer]: ...
    def lock_impatient(self, now: datetime, patience: timedelta, limit: int) -> list[Trip]: ...
    def watched(self, assigned_until: datetime, after_id: str, limit: int) -> list[Watched]: ...
    def remember_approaches(self, approaches: Sequence[tuple[Trip, Approach]]) -> None: ...
    def take_unsettled(self, now: datetime, retry: timedelta, limit: int) -> list[Trip]: ...
    def done_before(self, moment: datetime, limit: int) -> list[tuple[Trip, list[Offer]]]: ...
    def delete(self, trip_ids: Collection[str]) -> int: ...
    def walk(self, after_id: str, limit: int) -> list[tuple[Trip, list[Offer]]]: ...
    def count_engagements(self) -> dict[str, int]: ...


class Archive(Protocol):
    """Finished trips: see `storage.mongo.History`."""

    def keep(self, done: Sequence[tuple[Trip, Sequence[Offer]]], at: datetime) -> None: ...
    def find(self, trip_id: str) -> Trip | None: ...
    def find_with_offers(self, trip_id: str) -> tuple[Trip, list[Offer]] | None: ...
    def count_of_driver(self, driver_id: str, state: TripState, without: Sequence[str]) -> int: ...
    def newest(self, wanted: TripFilter, before: Place | None, limit: int) -> list[Trip]: ...
    def walk(self, after_id: str, limit: int) -> list[Trip]: ...


@dataclass(frozen=True)
class Unit:
    """One transaction: its rows, and the events that are told when it commits."""

    rows: Rows
    tell: Callable[[Sequence[Happening]], None]
    clock: Callable[[], datetime]

    @cached_property
    def now(self) -> datetime:
        """The time at which it happens: read when first asked for, which is once the rows are locked.

        Read before, it could lie before that of the transition that the lock waited for.
        """
        return self.clock()


Units = Callable[[], AbstractContextManager[Unit]]
"""Opens a transaction: `with units() as unit:`, committed at the end of the block."""


@dataclass(frozen=True, slots=True)
class MadeOffers:
    """What became of proposals: offers made, and pairs refused with the reason in a word."""

    made: list[Offer]
    refused: list[tuple[OfferProposal, str]]
