"""The ratings service: what riders and drivers think of each other. Read this first."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from nameko.dependency_providers import Config

from hansom import logs
from hansom.clock import Clock
from hansom.events import Outbox
from hansom.idempotency import keyed, once, replay
from hansom.inbox import forget_old
from hansom.rpc import CallId, ServiceClient, rpc
from hansom.store import Store
from hansom.timeline import timeline_reply
from hansom.timers import leader_timer
from hansom.validation import load
from services.ratings import schemas, usecases
from services.ratings.storage.ratings import RatingRows
from services.ratings.storage.tables import Base, idempotency
from services.ratings.usecases import Unit

log = logging.getLogger(__name__)

TIDY_INTERVAL_S = 600


class RatingsService:
    """Stars and comments, both ways, once each."""

    name = "ratings"

    config = Config()
    clock = Clock()
    call_id = CallId()
    store = Store(Base)
    outbox = Outbox(Base)
    trips = ServiceClient("trips")

    # -- RPC ---------------------------------------------------------------------------------------------------------
    @rpc
    def rate_trip(self, payload: dict[str, Any]) -> dict[str, Any]:
        command = load(schemas.RateTripSchema(), payload)
        logs.bind(trip_id=command.trip_id, user_id=command.rater_id)
        return usecases.rate_trip(self._unit, self.trips, command)

    @rpc
    def get_timeline(self, payload: dict[str, Any]) -> dict[str, Any]:
        trip_id = load(schemas.TripIdSchema(), payload)["trip_id"]
        with self._unit() as unit:
            return timeline_reply(usecases.moment_of(rating) for rating in unit.rows.of_trip(trip_id))

    # -- timers ------------------------------------------------------------------------------------------------------
    @leader_timer(TIDY_INTERVAL_S)
    def tidy_up(self) -> None:
        with self.store.begin() as session:
            keys = forget_old(session, idempotency, timedelta(hours=int(self.config["IDEMPOTENCY_KEEP_HOURS"])))
        log.info("tidied up", extra={"idempotency_keys": keys})

    # -- what they share ---------------------------------------------------------------------------------------------
    @contextmanager
    def _unit(self) -> Iterator[Unit]:
        with self.store.begin() as session:
            yield Unit(
                rows=RatingRows(session),
                tell=lambda type_, key, data: self.outbox.add(session, type_, key=key, data=data),
                once=lambda key, do: once(session, idempotency, keyed(key, self.call_id), do),
                replay=lambda key: replay(session, idempotency, keyed(key, self.call_id)),
                now=self.clock.now(),
            )
