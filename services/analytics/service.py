"""Analytics: demand by segment and hour, what was promised against what was done, key figures."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from nameko.dependency_providers import Config
from nameko.timer import timer

from hansom.clock import Clock
from hansom.consumer import consume
from hansom.contracts.analytics import ForgetEtas, LearnEtas, SeeDemand, SeeDemandByHour, SeeEtaErrors, SeeKeyFigures
from hansom.contracts.errors import Unavailable
from hansom.events import Event
from hansom.mongo import Mongo
from hansom.rpc import STORE_DOWN, ServiceClient, rpc
from hansom.timers import every
from services.analytics import schemas, usecases
from services.analytics.cities import KnownCities
from services.analytics.segments import Segments
from services.analytics.storage.corrections import Corrections
from services.analytics.storage.mongo import HOURS, MINUTES, Facts, Periods
from services.analytics.usecases import Stores

log = logging.getLogger(__name__)

LEARNING_LOOKED_AT_S = 60
"""How often a replica looks whether it is time to learn: all share one time-table."""


class AnalyticsService:
    name = "analytics"

    config = Config()
    clock = Clock()
    mongo = Mongo()
    cities = KnownCities()
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
        request, now = schemas.read_request(SeeEtaErrors, payload), self.clock.now()
        total = usecases.see_total(request, self._stores().hours, now)
        reply = schemas.eta_errors_reply(total, usecases.start_of(request.since, now), request.until or now)
        if not request.by or request.city is None:
            return reply
        zone = self.cities.zone(request.city)
        lines, left_out = usecases.see_eta_errors(request, self._stores().hours, zone, now)
        return {**reply, **schemas.eta_lines_reply(lines, left_out)}

    @rpc
    def eta_corrections(self, payload: dict[str, Any]) -> dict[str, Any]:
        return dict(schemas.corrections_reply(self._stores().corrections.of_all()))

    @rpc
    def learn_etas(self, payload: dict[str, Any]) -> dict[str, Any]:
        request, stores, now = schemas.read_request(LearnEtas, payload), self._stores(), self.clock.now()
        usecases.roll_up(stores, now)
        new = usecases.learn_etas(self.cities.keys(request.city), stores, self.cities.learning, now)
        log.info("corrections were learnt on request", extra={"cities": [each.city for each in new]})
        return dict(schemas.corrections_reply(stores.corrections.of_all()))

    @rpc
    def forget_etas(self, payload: dict[str, Any]) -> dict[str, Any]:
        request, stores, now = schemas.read_request(ForgetEtas, payload), self._stores(), self.clock.now()
        for city in self.cities.keys(request.city):
            usecases.forget_etas(city, stores, self.cities.learning, now)
        return dict(schemas.corrections_reply(stores.corrections.of_all()))

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
        noted = usecases.note_facts(facts, self._stores(), segment_of, self.cities.terms, self.clock.now())
        if noted.too_late:
            log.warning("events came after their figures were closed", extra={"events": noted.too_late})

    @every("ANALYTICS_ROLLUP_S")
    def roll_up(self) -> None:
        usecases.roll_up(self._stores(), self.clock.now())

    @timer(interval=LEARNING_LOOKED_AT_S, expected_exceptions=(Unavailable, *STORE_DOWN))
    def learn(self) -> None:
        stores, now = self._stores(), self.clock.now()
        new = usecases.learn_when_due(self.cities.keys(None), stores, self.cities.learning, now)
        if new:
            log.info("corrections were learnt", extra={"cities": [each.city for each in new]})

    def _stores(self) -> Stores:
        keep = self.cities.terms.keep
        minutes = Periods(self.mongo[MINUTES], keep)
        return Stores(Facts(self.mongo, keep), minutes, Periods(self.mongo[HOURS], None), Corrections(self.mongo))
