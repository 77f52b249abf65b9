"""Pages of trips, newest first, that stay put while trips move from the live ones to the archive."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hansom.contracts.errors import Invalid
from hansom.contracts.trips import FINISHED, TripState
from services.trips.domain.trip import Trip

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the list: what comes after it was asked for earlier, or at the same millisecond with a smaller id."""

    requested_at: datetime
    trip_id: str


@dataclass(frozen=True, slots=True)
class TripFilter:
    """What all listed trips have in common; None: anything. `requested_from` ≤ requested_at < `requested_to`.

    `people` and `id_prefix` are one condition: somebody of these rides or drives, or the id begins so.
    `ids`: it is one of these.
    """

    rider_id: str | None = None
    driver_id: str | None = None
    state: TripState | None = None
    category: str | None = None
    requested_from: datetime | None = None
    requested_to: datetime | None = None
    city: str | None = None
    id_prefix: str | None = None
    people: tuple[str, ...] | None = None
    ids: tuple[str, ...] | None = None

    @property
    def id_span(self) -> tuple[str, str] | None:
        """From and before which ids begin with `id_prefix`: they are hexadecimal, so `g` comes after all of them."""
        return None if self.id_prefix is None else (self.id_prefix, f"{self.id_prefix}g")

    def may_be_archived(self) -> bool:
        """False when only trips under way pass: then the archive need not be asked."""
        return self.state is None or self.state in FINISHED


def write_cursor(trip: Trip) -> str:
    """The place of a trip, as an opaque string."""
    ms = (trip.requested_at - EPOCH) // timedelta(milliseconds=1)
    return base64.urlsafe_b64encode(f"{ms}:{trip.id}".encode()).decode().rstrip("=")


def read_cursor(text: str | None) -> Place | None:
    """The place that `write_cursor` wrote. Raises Invalid naming the field."""
    if text is None:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        ms, trip_id = raw.decode("ascii").split(":", 1)
        if not trip_id.isprintable():  # Postgres would choke on a NUL
            raise ValueError(text)
        return Place(EPOCH + timedelta(milliseconds=int(ms)), trip_id)
    except (binascii.Error, ValueError, OverflowError):
        raise Invalid(details={"cursor": ["Not a cursor of this list."]}) from None


def merged(live: Iterable[Trip], archived: Iterable[Trip], limit: int) -> tuple[list[Trip], str | None]:
    """One page of two newest-first lists, and the cursor of the next page or None. A trip in both is shown once.

    Each list must hold its first `limit + 1` trips, or all.
    """
    by_id = {trip.id: trip for trip in archived} | {trip.id: trip for trip in live}
    newest: Sequence[Trip] = sorted(by_id.values(), key=lambda trip: (trip.requested_at, trip.id), reverse=True)
    page = list(newest[:limit])
    return page, write_cursor(page[-1]) if len(newest) > limit else None
