"""The entrypoint that tells what happened to a trip's money."""

from __future__ import annotations

from typing import Any

from hansom.rpc import rpc
from hansom.timeline import timeline_reply
from hansom.validation import load
from services.payments import schemas
from services.payments.storage.timeline import money_moments


class Retelling:
    """What `PaymentsService` says of a trip's past."""

    store: Any

    @rpc
    def get_timeline(self, payload: dict[str, Any]) -> dict[str, Any]:
        trip_id = load(schemas.LIST_REFUNDS, payload)["trip_id"]
        with self.store.begin() as session:
            return timeline_reply(money_moments(session, trip_id))
