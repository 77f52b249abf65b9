"""The entrypoints of holds and of the provider's own messages."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

from hansom import logs
from hansom.contracts.errors import NotFound, Unavailable
from hansom.contracts.payments import UnknownProvider
from hansom.events import Event
from hansom.rpc import rpc
from hansom.timers import leader_timer
from hansom.validation import load
from services.payments import hold_schemas as schemas
from services.payments.storage.webhooks import forget_news
from services.payments.usecases import hearing_provider, holding, letting_go
from services.payments.usecases.letting_go import TripEnd

log = logging.getLogger(__name__)

Payload = dict[str, Any]

TRIPS_DEADLINE_S = 10.0

NEWS_KEPT = timedelta(days=30)
"""Longer than any provider tells the same again."""

ENDS = {"completed": TripEnd.COMPLETED, "cancelled": TripEnd.CALLED_OFF, "expired": TripEnd.CALLED_OFF}
"""A trip's state → its end; in any other it is under way."""


class Holding:
    """What `PaymentsService` does about holds: before a trip, when it is called off, and when nobody comes for them."""

    config: Any
    store: Any
    clock: Any
    desk: Any
    rules: Any
    trips: Any

    @rpc
    def authorize_ride(self, payload: Payload) -> Payload:
        request = load(schemas.AUTHORIZE_RIDE, payload)
        logs.bind(trip_id=request.trip_id, user_id=request.rider_id)
        return dict(schemas.authorize_reply(holding.authorize_ride(self.desk, request)))

    @rpc
    def release_holds(self, payload: Payload) -> Payload:
        letting_go.release_holds(self.desk, load(schemas.RELEASE_HOLDS, payload)["trip_ids"])
        return {}

    @rpc
    def get_confirmation(self, payload: Payload) -> Payload:
        request = load(schemas.CONFIRMATION, payload)
        hold = holding.see_confirmation(self.desk, request["rider_id"], request["confirmation_id"])
        return dict(schemas.confirmation_reply(hold, self.rules.confirm_within))

    @rpc
    def confirm_payment(self, payload: Payload) -> Payload:
        hold = holding.confirm_payment(self.desk, load(schemas.CONFIRM_PAYMENT, payload))
        return dict(schemas.confirmation_reply(hold, self.rules.confirm_within))

    @rpc
    def take_webhook(self, payload: Payload) -> Payload:
        name, headers, body = load(schemas.TAKE_WEBHOOK, payload)
        if name != self.config["PAYMENT_PROVIDER"]:
            raise UnknownProvider()
        news = self.desk.provider.read_webhook(headers, body)
        return {"taken": hearing_provider.take_news(self.desk, name, news)}

    def let_go_of(self, events: Sequence[Event]) -> None:
        """Let go of what is held for trips that were called off and cost nothing; the timer has it released."""
        over = [event.data["trip"]["id"] for event in events if _costs_nothing(event)]
        if over:
            with self.desk.open_books() as books:
                books.let_go(over, self.clock.now())

    # -- timers ------------------------------------------------------------------------------------------------------
    @leader_timer(interval_s=2)
    def release_let_go(self) -> None:
        letting_go.release_let_go(self.desk)

    @leader_timer(interval_s=15)
    def tidy_holds(self) -> None:
        letting_go.tidy_holds(self.desk, self._ends_of)

    @leader_timer(interval_s=5)
    def follow_up_news(self) -> None:
        hearing_provider.follow_up_news(self.desk, self.config["PAYMENT_PROVIDER"])

    @leader_timer(interval_s=3600)
    def forget_news(self) -> None:
        with self.store.begin() as session:
            forgotten = forget_news(session, self.clock.now() - NEWS_KEPT)
        log.info("forgot what the provider told", extra={"messages": forgotten})

    def _ends_of(self, trip_ids: Collection[str]) -> dict[str, TripEnd]:
        """`usecases.letting_go.EndsOf`: asks trips for all at once."""
        asked = {id_: self.trips.call_async("get_parties", {"trip_id": id_}, TRIPS_DEADLINE_S) for id_ in trip_ids}
        ends = {}
        for id_, reply in asked.items():
            try:
                ends[id_] = ENDS.get(reply.result()["state"], TripEnd.UNDER_WAY)
            except NotFound:
                ends[id_] = TripEnd.UNKNOWN
            except Unavailable as exc:
                log.warning("trips was not asked what became of a hold", extra={"trip_id": id_, "error": exc.code})
        return ends


def _costs_nothing(event: Event) -> bool:
    """Whether a trip ended so that nothing is charged for it. One that was called off on its way is settled yet."""
    if event.type == "trip_expired":
        return True
    return event.type == "trip_cancelled" and not event.data.get("fee") and not event.data["trip"].get("started_at")
