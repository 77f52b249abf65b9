"""What follows from the answer of `trips.make_offers`, whose constraints have the last word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.matching.domain.news import OFFER_SLACK_MS
from services.matching.domain.pool import Change, Exclude, Hold, Open, OpenOffer, Release

REFUSED_HOLD_MS = 5_000
"""How long a driver who was not free after all is left alone, unless an event says more."""

PAIR_IS_WRONG = frozenset({"driver_excluded", "unknown_driver", "wrong_category"})
TRIP_IS_WRONG = frozenset({"unknown_trip", "trip_not_waiting", "trip_has_open_offer"})
OFFER_STANDS = frozenset({"offer_shown", "offer_gone"})
"""The offer to be replaced has been seen, or is no longer open: nothing is wrong, and its own event tells the rest."""


@dataclass(frozen=True, slots=True)
class MadeOffer:
    trip_id: str
    driver_id: str
    offer_id: str
    expires_at_ms: int
    pickup_eta_s: float | None = None


@dataclass(frozen=True, slots=True)
class RefusedOffer:
    trip_id: str
    driver_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """Offers that were made and pairs that were refused. `replaced`: trip → the offer that a made one replaces."""

    made: tuple[MadeOffer, ...] = ()
    refused: tuple[RefusedOffer, ...] = ()
    replaced: Mapping[str, OpenOffer] = field(default_factory=dict, hash=False)

    @property
    def pool_is_stale(self) -> bool:
        """Whether `trips` knows better than the pool which trips wait."""
        return any(each.reason in TRIP_IS_WRONG for each in self.refused)

    def changes(self, now_ms: int) -> list[Change]:
        """What the pool learns at once, before the events come."""
        changes: list[Change] = []
        for offer in self.made:
            until_ms = offer.expires_at_ms + OFFER_SLACK_MS
            opened = OpenOffer(offer.trip_id, offer.offer_id, offer.driver_id, until_ms, now_ms, offer.pickup_eta_s)
            changes += [Open(opened), Hold(offer.driver_id, until_ms)]
            former = self.replaced.get(offer.trip_id)
            if former is not None:
                changes += [Exclude(offer.trip_id, (former.driver_id,)), Release(former.driver_id)]
        for pair in self.refused:
            if pair.reason in PAIR_IS_WRONG:
                changes.append(Exclude(pair.trip_id, (pair.driver_id,)))
            elif pair.reason not in TRIP_IS_WRONG | OFFER_STANDS:
                changes.append(Hold(pair.driver_id, now_ms + REFUSED_HOLD_MS))
        return changes
