"""The services that a batch asks, by RPC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from services.matching import schemas
from services.matching.domain.model import Considered, FreeDriver, WaitingTrip
from services.matching.domain.outcome import Outcome
from services.matching.domain.pool import ListedTrip, OpenOffer
from services.matching.domain.tables import TablePlan
from services.matching.usecases.ports import Wanted


class Calls(Protocol):
    """A client of another service."""

    def call(self, method: str, payload: dict[str, Any], deadline_s: float | None = None) -> dict[str, Any]: ...

    def call_async(self, method: str, payload: dict[str, Any], deadline_s: float | None = None) -> Any: ...


class RemotePartners:
    """`usecases.ports.Partners` over RPC. `deadline_s`: the patience with questions; offers have the usual deadline."""

    def __init__(self, trips: Calls, location: Calls, maps: Calls, deadline_s: float) -> None:
        self._trips, self._location, self._maps, self._deadline_s = trips, location, maps, deadline_s

    def list_waiting(self, city: str) -> list[ListedTrip]:
        items = self._trips.call("list_waiting", {"city": city})["items"]
        return [schemas.read_waiting(item) for item in items]

    def find_candidates(self, trips: Sequence[WaitingTrip], wanted: Wanted) -> dict[str, list[FreeDriver]]:
        """Trip id → drivers near its pickup, as `wanted`."""
        request = schemas.candidates_request(trips, wanted)
        return schemas.read_candidates(self._location.call("find_candidates", request, self._deadline_s), wanted)

    def road_tables(
        self, plans: Sequence[TablePlan], drivers: Mapping[str, FreeDriver], trips: Mapping[str, WaitingTrip]
    ) -> tuple[list[list[list[float | None]]], bool]:
        """A table of seconds for each plan, and whether any of it was reckoned from straight lines."""
        asked = [
            self._maps.call_async("table", schemas.table_request(plan, drivers, trips), self._deadline_s)
            for plan in plans
        ]
        replies = [call.result() for call in asked]
        return [reply["durations_s"] for reply in replies], any(reply["estimated"] for reply in replies)

    def unshown_offers(self, offer_ids: Sequence[str]) -> frozenset[str]:
        """Those of the offers that are open and have not reached their driver."""
        reply = self._trips.call("list_unshown_offers", {"offer_ids": list(offer_ids)}, self._deadline_s)
        return frozenset(reply["offer_ids"])

    def make_offers(self, pairs: Sequence[Considered], replaced: Mapping[str, OpenOffer], ttl_s: float) -> Outcome:
        """What `trips` made of the pairs. `replaced`: trip → the offer that its new one replaces."""
        request = schemas.offers_request(pairs, replaced, ttl_s)
        return schemas.read_outcome(self._trips.call("make_offers", request), replaced)
