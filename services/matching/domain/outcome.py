"""What follows from the answer of `trips.make_offers`, whose constraints have the last word."""

from __future__ import annotations

from dataclasses import dataclass

from services.matching.domain.news import OFFER_SLACK_MS
from services.matching.domain.pool import Change, Exclude, Hold, Open, OpenOffer

REFUSED_HOLD_MS = 5_000
"""How long a driver who was not free after all is left alone, unless an event says more."""

PAIR_IS_WRONG = frozenset({"driver_excluded", "unknown_driver", "wrong_category"})
TRIP_IS_WRONG = frozenset({"unknown_trip", "trip_not_waiting", "trip_has_open_offer"})


@dataclass(frozen=True, slots=True)
class MadeOffer:
    trip_id: str
    driver_id: str
    offer_id: str
    expires_at_ms: int


@dataclass(frozen=True, slots=True)
class RefusedOffer:
    trip_id: str
    driver_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """Offers that were made and pairs that were refused."""

    made: tuple[MadeOffer, ...] = ()
    refused: tuple[RefusedOffer, ...] = ()

    @property
    def pool_is_stale(self) -> bool:
        """Whether `trips` knows better than the pool which trips wait."""
        return any(each.reason in TRIP_IS_WRONG for each in self.refused)

    def changes(self, now_ms: int) -> list[Change]:
        """What the pool learns at once, before the events come."""
        changes: list[Change] = []
        for offer in self.made:
            until_ms = offer.expires_at_ms + OFFER_SLACK_MS
            changes.append(Open(OpenOffer(offer.trip_id, offer.offer_id, offer.driver_id, until_ms)))
            changes.append(Hold(offer.driver_id, until_ms))
        for pair in self.refused:
            if pair.reason in PAIR_IS_WRONG:
                changes.append(Exclude(pair.trip_id, (pair.driver_id,)))
            elif pair.reason not in TRIP_IS_WRONG:
                changes.append(Hold(pair.driver_id, now_ms + REFUSED_HOLD_MS))
        return changes
