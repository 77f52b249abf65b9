"""Finished trips move to the archive: written there first, deleted here after, so that a crash between loses none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from services.trips.usecases.ports import Archive, Units

BATCH = 200


def archive_done(units: Units, archive: Archive, older_than: timedelta, pause: Callable[[], None]) -> int:
    """Move every trip that ended longer ago than `older_than` and will never change; gives how many.

    Only trips that nothing changes any more are moved, so reading, writing and deleting need not be one transaction:
    after a crash in between, the same documents are written once more. `pause` between batches lets others run.
    Raises pymongo's PyMongoError; nothing is deleted then.
    """
    moved = 0
    while True:
        with units() as unit:
            now = unit.now
            done = unit.rows.done_before(now - older_than, BATCH)
        if not done:
            return moved
        archive.keep(done, now)
        with units() as unit:
            moved += unit.rows.delete([trip.id for trip, _ in done])
        if len(done) < BATCH:
            return moved
        pause()
