"""The pricing service: tariffs, quotes that never change, surge, and the final fare of what was driven."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from eventlet import tpool
from nameko.dependency_providers import Config

from hansom.clock import Clock
from hansom.consumer import consume
from hansom.events import Event
from hansom.idempotency import keyed, once, replay
from hansom.ids import Ids
from hansom.inbox import forget_old
from hansom.redis import Live
from hansom.rpc import CallId, ServiceClient, rpc
from hansom.store import Store
from hansom.timers import leader_timer
from hansom.validation import load
from services.pricing import schemas, surge_schemas
from services.pricing.dependencies import Plan, Rules, Segments
from services.pricing.domain.surge import step
from services.pricing.outgoing import Grounds, LiveStreets, LiveWorld, heard_of
from services.pricing.storage.quotes import Quotes
from services.pricing.storage.redis import LiveDemand, LiveSurge
from services.pricing.storage.settings import SurgeSettings
from services.pricing.storage.tables import Base, idempotency
from services.pricing.usecases import quoting, surging

Payload = dict[str, Any]

FORGOTTEN_AT_ONCE = 5000

PATIENCE_SLACK_S = 60.0
"""A trip that has waited longer than riders do by this does so no more: what became of it is on its way."""


class PricingService:
    """Quotes and fares: RPC for the gateway and trips. Surge: demand from trips' events, a step every few seconds."""

    name = "pricing"

    config = Config()
    store = Store(Base)
    live = Live()
    clock = Clock()
    ids = Ids()
    call_id = CallId()
    rules = Rules()
    plan = Plan()
    segments = Segments()
    maps = ServiceClient("maps")
    location = ServiceClient("location")

    @rpc
    def quote(self, payload: Payload) -> Payload:
        request = load(schemas.ASK_QUOTE, payload)
        if request.idempotency:
            with self.store.begin() as session:
                before = replay(session, idempotency, request.idempotency)
            if before is not None:
                return before
        quote = quoting.make_quote(request, self.world, self.rules, self.clock.now(), self.ids.new)
        with self.store.begin() as session:

            def keep() -> Payload:
                Quotes(session).add(quote)
                return dict(schemas.dump_quote(quote))

            return once(session, idempotency, request.idempotency, keep)

    @rpc
    def get_quote(self, payload: Payload) -> Payload:
        request = load(schemas.SEE_QUOTE, payload)
        with self.store.begin() as session:
            return dict(schemas.dump_quote(Quotes(session).get(request.quote_id)))

    @rpc
    def final_fare(self, payload: Payload) -> Payload:
        request = load(schemas.ASK_FINAL_FARE, payload)
        with self.store.begin() as session:
            quote, fare, reason = quoting.price_ride(request, Quotes(session), self.rules)
        return dict(schemas.dump_final_fare(quote, request.category, fare, reason))

    @rpc
    def tariffs(self, payload: Payload) -> Payload:
        city = load(schemas.TARIFFS, payload)["city"]
        found = quoting.list_tariffs(self.rules, city, self.clock.now())
        return {"items": [schemas.dump_tariff(tariff, self.rules.cities[city].currency) for tariff in found]}

    # -- surge -------------------------------------------------------------------------------------------------------
    @rpc
    def surge_by_segment(self, payload: Payload) -> Payload:
        city = load(surge_schemas.SEE_SURGE, payload).city
        self.plan.of(city)
        return dict(surge_schemas.dump_surge_map(city, *self.surges.of(city), self.plan, self.clock.now()))

    @rpc
    def get_surge(self, payload: Payload) -> Payload:
        city = load(surge_schemas.SEE_SURGE, payload).city
        self.plan.of(city)
        with self.store.begin() as session:
            setting = SurgeSettings(session).get(city)
        return dict(surge_schemas.dump_city_surge(setting, *self.surges.of(city), self.plan, self.clock.now()))

    @rpc
    def set_surge(self, payload: Payload) -> Payload:
        command, now = load(surge_schemas.SET_SURGE, payload), self.clock.now()
        with self.store.begin() as session:

            def keep() -> Payload:
                setting = surging.set_surge(command, SurgeSettings(session), self.plan, now, self.ids.new)
                return dict(surge_schemas.dump_setting(setting, self.plan))

            return once(session, idempotency, keyed(command.idempotency, self.call_id), keep)

    @rpc
    def list_surge_changes(self, payload: Payload) -> Payload:
        request = load(surge_schemas.LIST_SURGE_CHANGES, payload)
        with self.store.begin() as session:
            return dict(surge_schemas.dump_changes(*surging.list_changes(request, SurgeSettings(session))))

    @leader_timer(setting="SURGE_TICK_S")
    def reckon_surge(self) -> None:
        with self.store.begin() as session:
            settings = SurgeSettings(session).all()
        # in a thread: a large city's step takes a good part of a second, and others answer in this process
        take = partial(tpool.execute, step)
        surging.reckon_surge(self.streets, settings, self.plan, self.clock.now(), take)

    @consume(linger_ms=200)
    def on_events(self, events: list[Event]) -> None:
        self.demand.note(heard_of(events, self.plan.defaults, self.grounds), self.clock.now())

    # -- cleaning ----------------------------------------------------------------------------------------------------
    @leader_timer(interval_s=600)
    def forget_old_quotes(self) -> None:
        now, kept = self.clock.now(), timedelta(days=float(self.config["QUOTE_KEEP_DAYS"]))
        with self.store.begin() as session:
            forget_old(session, idempotency, timedelta(hours=float(self.config["IDEMPOTENCY_KEEP_HOURS"])))
            Quotes(session).forget_expired(now - kept, FORGOTTEN_AT_ONCE)

    # -- what they share ---------------------------------------------------------------------------------------------
    @property
    def world(self) -> LiveWorld:
        return LiveWorld(self.maps, self.location, self.surges, self.grounds, self.plan.stale)

    @property
    def streets(self) -> LiveStreets:
        return LiveStreets(self.location, self.demand, self.surges, self.grounds)

    @property
    def demand(self) -> LiveDemand:
        patience = timedelta(seconds=float(self.config["TRIP_PATIENCE_S"]) + PATIENCE_SLACK_S)
        return LiveDemand(self.live, timedelta(seconds=float(self.config["SURGE_WINDOW_S"])), patience)

    @property
    def surges(self) -> LiveSurge:
        return LiveSurge(self.live)

    @property
    def grounds(self) -> Grounds:
        return Grounds(self.maps, self.segments)
