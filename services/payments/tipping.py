"""The entrypoint of tips."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

from hansom import logs
from hansom.contracts.errors import Unavailable
from hansom.contracts.payments import ProviderUnavailable, TipReason, TipRefused, TipTrip
from hansom.idempotency import keyed, once
from hansom.rpc import rpc
from hansom.validation import load
from services.payments import replies, schemas
from services.payments.storage import reading as rows
from services.payments.storage.books import BookRows
from services.payments.storage.tables import idempotency
from services.payments.usecases import charging, tipping

log = logging.getLogger(__name__)


class Tipping:
    """What `PaymentsService` does about tips."""

    store: Any
    outbox: Any
    call_id: Any
    desk: Any
    trips: Any

    @rpc
    def tip_trip(self, payload: dict[str, Any]) -> dict[str, Any]:
        request = load(schemas.TIP_TRIP, payload)
        logs.bind(trip_id=request.trip_id, user_id=request.rider_id)
        tip_id = self._begin_tip(request)
        try:
            charging.finish_charges(self.desk, [tip_id])
        except ProviderUnavailable:
            # it is kept and goes on by itself: a second request would be a second tip
            log.warning("a tip waits for the provider", extra={"tip_id": tip_id})
        with self.store.begin() as session:
            return dict(replies.tip_reply(*rows.tip_and_reason(session, tip_id)))

    def _begin_tip(self, request: TipTrip) -> str:
        key = keyed(request.idempotency, self.call_id)
        try:
            with self.store.begin() as session:
                books = BookRows(session, self.outbox)
                kept = once(session, idempotency, key, lambda: {"id": tipping.begin_tip(self.desk, books, request).id})
        except TipRefused as refusal:
            if refusal.details.get("reason") == TipReason.NOT_SETTLED:
                # of a trip that is not his, or is none, he learns just that, if trips is there to say it
                actor = {"user_id": request.rider_id, "role": "rider"}
                with suppress(Unavailable):
                    self.trips.get_trip({"trip_id": request.trip_id, "actor": actor})
            raise
        return str(kept["id"])
