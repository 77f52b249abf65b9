"""What riders, drivers and ops may see of money."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from hansom.contracts.errors import HansomError
from hansom.contracts.payments import NotYourReceipt, SeeReceipt, SeeStatement, UnknownPayout
from services.payments.domain.payout import Payout, PayoutLine

log = logging.getLogger(__name__)

ASKED_DEADLINE_S = 1.5
"""A document is written without what others did not tell in this time."""


class OfParties(Protocol):
    """Something of a trip that its parties may see."""

    @property
    def parties(self) -> tuple[str, str]: ...


Seen = TypeVar("Seen", bound=OfParties)


def see_receipt(find: Callable[[str], Seen], request: SeeReceipt) -> Seen:
    """The receipt of a trip, for its rider, its driver and ops. Raises ReceiptNotReady, NotYourReceipt."""
    found = find(request.trip_id)
    if request.role != "ops" and request.user_id not in found.parties:
        raise NotYourReceipt()
    return found


def see_statement(
    find: Callable[[str], tuple[Payout, Sequence[PayoutLine]]], request: SeeStatement
) -> tuple[Payout, Sequence[PayoutLine]]:
    """A payout with its lines, for its driver and ops. Raises UnknownPayout; nobody learns of another one's."""
    payout, lines = find(request.payout_id)
    if request.role != "ops" and request.user_id != payout.driver_id:
        raise UnknownPayout()
    return payout, lines


class Peer(Protocol):
    """Another service: see `hansom.rpc.ServiceClient`."""

    def call_async(self, method: str, payload: dict[str, Any], deadline_s: float | None = None) -> Any: ...


@dataclass(frozen=True, slots=True)
class Told:
    """What others told for a document. `profiles`: user id → profile; `trace`: of the ride, as location gives it."""

    profiles: dict[str, dict[str, Any]]
    trace: dict[str, Any] | None = None

    def language_of(self, user_id: str) -> str | None:
        """The language that he has chosen."""
        return self.profiles.get(user_id, {}).get("language")

    def name_of(self, user_id: str) -> str | None:
        return self.profiles.get(user_id, {}).get("name")

    @property
    def way(self) -> list[tuple[float, float]]:
        """The way that was driven, (lat, lng): on the roads if it was matched to them; none once it is coarse."""
        if self.trace is None or self.trace.get("coarsened"):
            return []
        matched = self.trace.get("matched_route") or []
        # a car that stood still is matched to one point
        line = matched if len(matched) > 1 else self.trace.get("points") or []
        return [(float(point["lat"]), float(point["lng"])) for point in line]


def ask_people(users: Peer, user_ids: Sequence[str]) -> Told:
    """Their names and languages, or nothing when the users service is away."""
    return Told(_answered(_asked(users, "get_profiles", {"user_ids": sorted(set(user_ids))})).get("items", {}))


def ask_around(users: Peer, location: Peer, user_ids: Sequence[str], ride: dict[str, Any] | None) -> Told:
    """As `ask_people`, and the trace of a ride, both asked at once. `ride`: location's `get_trace` request, or None."""
    trace = _asked(location, "get_trace", ride) if ride is not None else None
    people = ask_people(users, user_ids)
    return Told(people.profiles, _answered(trace) or None)


def ask_surroundings(maps: Peer, box: dict[str, float]) -> dict[str, Any]:
    """Roads and water in a box of degrees, as maps gives them, or nothing when maps is away."""
    return _answered(_asked(maps, "draw_surroundings", box))


def _asked(peer: Peer, method: str, payload: dict[str, Any]) -> Any:
    try:
        return peer.call_async(method, payload, ASKED_DEADLINE_S)
    except HansomError as exc:
        log.warning("a document is written without what nobody told", extra={"method": method, "error": exc.code})
        return None


def _answered(asked: Any) -> dict[str, Any]:
    if asked is None:
        return {}
    try:
        return dict(asked.result())
    except HansomError as exc:
        log.warning("a document is written without what nobody told", extra={"error": exc.code})
        return {}
