"""Offers to drivers who have gone are taken back: their riders do not wait for an answer that should not come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from services.trips.usecases.ports import OfferEvent, Unit


def withdraw_offers_to(unit: Unit, gone: Mapping[str, datetime]) -> int:
    """End the open offers of drivers who went offline, of those made until then; gives how many. Safe to repeat.

    An offer that he has accepted stands, and so does one made since: he was back by then.
    """
    held = unit.rows.lock_open_offers_to(gone)
    ended = unit.rows.withdraw_offers([offer.id for offer in held if offer.made_at <= gone[offer.driver_id]], unit.now)
    unit.tell([OfferEvent("offer_withdrawn", offer, reason="driver_offline") for offer in ended])
    return len(ended)
