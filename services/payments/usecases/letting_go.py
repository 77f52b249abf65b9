"""Holds are let go: of trips that were called off or never came to be, and of what nobody confirmed.

That a hold is to be let go commits first, and the provider is told afterwards, as often as it takes. What was captured
in the meantime stays captured.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from enum import Enum

from hansom.contracts.payments import HoldState, ProviderUnavailable
from services.payments.domain.hold import Hold, HoldAnswer
from services.payments.usecases.ports import Desk

log = logging.getLogger(__name__)

AT_ONCE = 500
"""Holds of one transaction."""

CHECKED_AFTER = timedelta(seconds=120)
"""What became of a hold's trip is asked this long after its request, and again every so often while it is held."""

CHECKED_AT_ONCE = 300

SETTLED_WITHIN = timedelta(seconds=300)
"""What a trip that was called off costs is asked for within this time, from what is held."""

NEVER_HELD = HoldAnswer(HoldState.RELEASED, None, "never_held")


class TripEnd(Enum):
    """What trips says of a trip that a hold is for."""

    UNKNOWN = "unknown"
    UNDER_WAY = "under_way"
    CALLED_OFF = "called_off"
    COMPLETED = "completed"


EndsOf = Callable[[Collection[str]], Mapping[str, TripEnd]]
"""Asks trips; a trip of which no answer came is left out."""


def release_holds(desk: Desk, trip_ids: Collection[str]) -> None:
    """Let go of what is held for trips that do not go on; the rest is done by the timer when the provider is down."""
    with desk.open_books() as books:
        ids = books.let_go(trip_ids, desk.now())
        held = books.holds(ids) if ids else []
    try:
        release(desk, held)
    except ProviderUnavailable:
        log.warning("holds wait to be released: the provider is down", extra={"holds": len(held)})


def release(desk: Desk, holds: Sequence[Hold]) -> None:
    """Have the provider let these go, and record it. Raises ProviderUnavailable."""
    if not holds:
        return
    ids = [hold.id for hold in holds]
    answers = dict(desk.provider.release_all(ids))
    unanswered = [hold for hold in holds if hold.id not in answers]
    if unanswered:
        answers |= desk.provider.find_holds([hold.id for hold in unanswered])
    # who asked for it may still be on his way to the provider: what comes of it is let go when he records it
    long_ago = desk.now() - desk.rules.looked_up_after
    answers |= {hold.id: NEVER_HELD for hold in unanswered if hold.id not in answers and hold.created_at < long_ago}
    with desk.open_books() as books:
        books.resolve_holds(answers, desk.now())


def release_let_go(desk: Desk) -> int:
    """Release all that is to be let go; gives how many holds. Raises ProviderUnavailable."""
    with desk.open_books() as books:
        going = books.holds_let_go(AT_ONCE)
    release(desk, going)
    return len(going)


def tidy_holds(desk: Desk, ends_of: EndsOf) -> None:
    """Find out what became of lost answers, and let go of all that is held for nothing: `release_let_go` comes after.

    Raises ProviderUnavailable.
    """
    _look_up_lost(desk)
    _let_go_idle(desk, ends_of)


def _look_up_lost(desk: Desk) -> None:
    """Who asked has gone on without it, or was refused: what the provider never heard of is not asked for again."""
    now = desk.now()
    with desk.open_books() as books:
        pending = books.holds_pending_since(now - desk.rules.looked_up_after, AT_ONCE)
    if not pending:
        return
    answers = desk.provider.find_holds([hold.id for hold in pending])
    with desk.open_books() as books:
        books.resolve_holds({hold.id: NEVER_HELD for hold in pending} | dict(answers), now)


def _let_go_idle(desk: Desk, ends_of: EndsOf) -> None:
    now = desk.now()
    with desk.open_books() as books:
        books.let_go_spent(now - desk.rules.confirm_within, now)
        checked = books.holds_to_check(now - CHECKED_AFTER, CHECKED_AT_ONCE)
    if not checked:
        return
    ends = ends_of({hold.trip_id for hold in checked})
    known = [(hold, ends[hold.trip_id]) for hold in checked if hold.trip_id in ends]
    over = [hold for hold, end in known if end is TripEnd.CALLED_OFF]
    completed = [hold for hold, end in known if end is TripEnd.COMPLETED]
    with desk.open_books() as books:
        books.mark_checked([hold.id for hold, _ in known], now)
        # what a completed trip costs will be asked for, however late: its hold stays, and the audit names it
        books.mark_ended([hold.id for hold in (*over, *completed)], now)
        never = [hold.id for hold, end in known if end is TripEnd.UNKNOWN and not _waits_for_a_trip(hold)]
        long_over = [hold.id for hold in over if hold.ended_at is not None and hold.ended_at < now - SETTLED_WITHIN]
        books.let_go_holds([*never, *long_over], now)


def _waits_for_a_trip(hold: Hold) -> bool:
    """Its rider confirmed it lately, and has not asked for his ride again yet."""
    return hold.confirmed_at is not None and hold.granted_at is None
