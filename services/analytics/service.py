"""Analytics: demand by segment and hour, what was promised against what was done, key figures."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from nameko.dependency_providers import Config
from nameko.timer import timer

from hansom.clock import Clock
from hansom.consumer import consume
from hansom.contracts.analytics import (
    ForgetEtas,
    LearnEtas,
    SeeDemand,
    SeeDemandByHour,
    SeeEtaErrors,
    SeeFigures,
    SeeForecast,
    SeeKeyFigures,
    SeeWorths,
)
from hansom.contracts.errors import Unavailable
from hansom.contracts.location import MAX_LIVE
from hansom.events import Event
from hansom.ids import Ids
from hansom.mongo import Mongo
from hansom.rpc import STORE_DOWN, ServiceClient, rpc
from hansom.timers import every
from hansom.wire import iso
from services.analytics import figure_schemas, schemas, usecases
from services.analytics.cities import KnownCities
from services.analytics.domain.forecasting import Forecast
from services.analytics.outlooks import Outlooks
from services.analytics.segments import Segments
from services.analytics.storage.corrections import Corrections
from services.analytics.storage.duties import Duty
from services.analytics.storage.mongo import HOURS, MINUTES, Facts, Periods
from services.analytics.storage.positions import Positions
from services.analytics.storage.supply import Hints, Looks
from services.analytics.telling import HintEvents
from services.analytics.usecases import Means, Office, Stores, Town

log = logging.getLogger(__name__)

FOR_NOW: tuple[type[Exception], ...] = (Unavailable, *STORE_DOWN)
"""What is over by itself: the same is done again later."""

LEARNING_LOOKED_AT_S = 60
"""How often a replica looks whether it is time to learn: all share one time-table."""

POSITIONS_LOOKED_BACK = timedelta(hours=2)
"""Location keeps its counts for so long: what analytics missed while it was away is filled in."""

HINTING = "hint_demand"
HINTING_TAKES = timedelta(seconds=60)
EARLY = 0.9
"""A round of hints is due a little before the timer that makes it: one that ticks a moment early skips none."""


class AnalyticsService:
    name = "analytics"

    config = Config()
    clock = Clock()
    ids = Ids()
    mongo = Mongo()
    cities = KnownCities()
    segments = Segments()
    outlooks = Outlooks()
    tell = HintEvents()
    maps = ServiceClient("maps")
    location = ServiceClient("location")

    # -- RPC ---------------------------------------------------------------------------------------------------------
    @rpc
    def key_figures(self, payload: dict[str, Any]) -> dict[str, Any]:
        request, now = schemas.read_request(SeeKeyFigures, payload), self.clock.now()
        total = usecases.see_total(request, self._stores().hours, now)
        return dict(schemas.key_figures_reply(total, usecases.start_of(request.since, now), now))

    @rpc
    def figures(self, payload: dict[str, Any]) -> dict[str, Any]:
        request, now = schemas.read_request(SeeFigures, payload), self.clock.now()
        place = self.cities.place(request.city)
        seen = usecases.see_figures(place, request.minutes, self._stores(), self._taken(), now)
        return dict(figure_schemas.figures_reply(request.city, seen, now))

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
        return figure_schemas.demand_reply(request.city, lines, usecases.demand_since(request, now), now)

    @rpc
    def demand_by_hour(self, payload: dict[str, Any]) -> dict[str, Any]:
        request = schemas.read_request(SeeDemandByHour, payload)
        return figure_schemas.demand_by_hour_reply(
            request.city, usecases.see_demand_by_hour(request, self._stores().hours)
        )

    @rpc
    def forecast(self, payload: dict[str, Any]) -> dict[str, Any]:
        request, now = schemas.read_request(SeeForecast, payload), self.clock.now()
        start = now if request.at is None else max(request.at, now)
        return dict(schemas.forecast_reply(request.city, self._expected(request.city, start, now), now))

    @rpc
    def worths(self, payload: dict[str, Any]) -> dict[str, Any]:
        city, now = schemas.read_request(SeeWorths, payload).city, self.clock.now()
        self.cities.zone(city)
        return self.outlooks.kept(("worths", city), lambda: self._worths(city, now))

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

    @every("POSITIONS_COUNTED_S")
    def collect_positions(self) -> None:
        """All that location remembers, each time: which of it a replica has told before does not matter."""
        since = self.clock.now() - POSITIONS_LOOKED_BACK
        told, until = figure_schemas.positions_counted(self.location.count_positions({"since": iso(since)}))
        usecases.note_positions(self.cities.keys(None), told, until, self._taken())

    @timer(interval=LEARNING_LOOKED_AT_S, expected_exceptions=FOR_NOW)
    def learn(self) -> None:
        stores, now = self._stores(), self.clock.now()
        new = usecases.learn_when_due(self.cities.keys(None), stores, self.cities.learning, now)
        if new:
            log.info("corrections were learnt", extra={"cities": [each.city for each in new]})

    @every("DEMAND_HINT_INTERVAL_S")
    def hint_demand(self) -> None:
        duty, now = Duty(self.mongo, HINTING, HINTING_TAKES), self.clock.now()
        if duty.claim(now):
            try:
                for city in self.cities.keys(None):
                    self._hint_city(city, now)
            except FOR_NOW:
                duty.put_off(now)  # by whoever's turn is next, not a minute later as if this one had died
                raise
            duty.done(now, now + EARLY * self.outlooks.hinting.every)

    # -- what several of them need -----------------------------------------------------------------------------------
    def _hint_city(self, city: str, now: datetime) -> None:
        office = Office(Looks(self.mongo), Hints(self.mongo), self.tell, self.ids.new)
        usecases.tell_again(city, office, now)
        live = self.location.list_live({"city": city, "limit": MAX_LIVE})["items"]
        cars = schemas.free_cars(live, partial(self.segments.segment_of, self.maps, city))
        usecases.look_at_cars(city, cars, office.looks, now)
        unmet = usecases.unmet_lately(city, self._stores().minutes, now)
        straight_mps = self.segments.straight_mps(self.maps, city)
        town = Town(city, cars, self._expected(city, now, now), unmet, straight_mps)
        hinted = usecases.hint_drivers(town, self.outlooks.hinting, office, now)
        if hinted:
            log.info("drivers were told where cars are missing", extra={"city": city, "drivers": len(hinted)})

    def _expected(self, city: str, start: datetime, now: datetime) -> Forecast:
        """Kept for a moment when it is of the present half hour. Raises Invalid."""
        foresee = partial(usecases.foresee_demand, city, start, self._means(), self.cities.zone(city), now)
        return foresee() if start != now else self.outlooks.kept(("forecast", city), foresee)

    def _worths(self, city: str, now: datetime) -> dict[str, Any]:
        expected = self._expected(city, now, now)
        index, straight_mps = self.segments.index(self.maps, city), self.segments.straight_mps(self.maps, city)
        near = self.outlooks.nearness(city, index, straight_mps)
        return dict(schemas.worths_reply(city, usecases.see_worths(near, expected, city, self._means(), now), now))

    def _taken(self) -> Positions:
        return Positions(self.mongo, self.cities.terms.keep)

    def _means(self) -> Means:
        return Means(self._stores(), Looks(self.mongo), self.outlooks.hinting.compute)

    def _stores(self) -> Stores:
        keep = self.cities.terms.keep
        minutes = Periods(self.mongo[MINUTES], keep)
        return Stores(Facts(self.mongo, keep), minutes, Periods(self.mongo[HOURS], None), Corrections(self.mongo))
