"""Analytics: demand by segment and hour, what was promised against what was done, key figures."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import Any

from nameko.dependency_providers import Config

from hansom.clock import Clock
from hansom.consumer import consume
from hansom.contracts.analytics import SeeDemand, SeeDemandByHour, SeeKeyFigures
from hansom.contracts.errors import Unavailable
from hansom.events import Event
from hansom.mongo import Mongo
from hansom.rpc import STORE_DOWN, ServiceClient, rpc
from services.analytics import schemas, usecases
from services.analytics.segments import Segments
from services.analytics.storage.mongo import HOURS, MINUTES, Facts, Periods
from services.analytics.timer import every
from services.analytics.usecases import Stores

log = logging.getLogger(__name__)


class AnalyticsService:
    name = "analytics"

    config = Config()
    clock = Clock()
    mongo = Mongo()
    segments = Segments()
    maps = ServiceClient("maps")

    # -- RPC ---------------------------------------------------------------------------------------------------------
    @rpc
    def key_figures(self, payload: dict[str, Any]) -> dict[str, Any]:
        request, now = schemas.read_request(SeeKeyFigures, payload), self.clock.now()
        total = usecases.see_total(request, self._stores().hours, now)
        return dict(schemas.key_figures_reply(total, usecases.start_of(request.since, now), now))

    @rpc
    def eta_errors(self, payload: dict[str, Any]) -> dict[str, Any]:
        request, now = schemas.read_request(SeeKeyFigures, payload), self.clock.now()
        total = usecases.see_total(request, self._stores().hours, now)
        return schemas.eta_errors_reply(total, usecases.start_of(request.since, now), now)

    @rpc
    def demand(self, payload: dict[str, Any]) -> dict[str, Any]:
        request, now = schemas.read_request(SeeDemand, payload), self.clock.now()
        lines = usecases.see_demand(request, self._stores().minutes, now)
        return schemas.demand_reply(request.city, lines, usecases.demand_since(request, now), now)

    @rpc
    def demand_by_hour(self, payload: dict[str, Any]) -> dict[str, Any]:
        request = schemas.read_request(SeeDemandByHour, payload)
        return schemas.demand_by_hour_reply(request.city, usecases.see_demand_by_hour(request, self._stores().hours))

    # -- events and timers -------------------------------------------------------------------------------------------
    @consume(batch_size=1000, linger_ms=1000)  # figures may be seconds old; each write of few costs as one of many
    def on_events(self, events: list[Event]) -> None:
        facts = [schemas.read_fact(event) for event in events]
        segment_of = partial(self.segments.segment_of, self.maps)
        noted = usecases.note_facts(facts, self._stores(), segment_of, self.clock.now(), self._keep())
        if noted.too_late:
            log.warning("events came after their figures were closed", extra={"events": noted.too_late})

    @every(setting="ANALYTICS_ROLLUP_S", expected_exceptions=(Unavailable, *STORE_DOWN))
    def roll_up(self) -> None:
        usecases.roll_up(self._stores(), self.clock.now())

    def _keep(self) -> timedelta:
        return timedelta(days=float(self.config["ANALYTICS_FACTS_KEEP_DAYS"]))

    def _stores(self) -> Stores:
        minutes = Periods(self.mongo[MINUTES], self._keep())
        return Stores(Facts(self.mongo, self._keep()), minutes, Periods(self.mongo[HOURS], None))
