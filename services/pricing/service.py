"""The pricing service: tariffs, quotes that never change, promo codes, surge, and the final fare of what was driven."""

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
from hansom.timeline import timeline_reply
from hansom.timers import leader_timer
from hansom.validation import load
from services.pricing import promo_schemas, schemas, surge_schemas
from services.pricing.dependencies import Plan, Rules, Segments
from services.pricing.domain.surge import step
from services.pricing.outgoing import Grounds, LiveStreets, LiveWorld, ended_without_ride, heard_of, settled_of
from services.pricing.storage.audit import ask_all
from services.pricing.storage.promos import Promos
from services.pricing.storage.quotes import Quotes
from services.pricing.storage.redis import LiveDemand, LiveSurge
from services.pricing.storage.settings import SurgeSettings
from services.pricing.storage.tables import Base, idempotency
from services.pricing.usecases import promos, quoting, surging

Payload = dict[str, Any]

FORGOTTEN_AT_ONCE = 5000

SWEEP_DEADLINE_S = 2.0

PATIENCE_SLACK_S = 60.0
"""A trip that has waited longer than riders do by this does so no more: what became of it is on its way."""


class PricingService:
    """Quotes and fares: RPC for the gateway and trips. Promo codes: reserved for trips, resolved by their events.
    Surge: demand from trips' events, a step every few seconds."""

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
    trips = ServiceClient("trips")

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
                discounted = promos.with_code(quote, request.promo_code, Promos(session), self.clock.now())
                Quotes(session).add(discounted)
                return dict(schemas.dump_quote(discounted))

            return once(session, idempotency, request.idempotency, keep)

    @rpc
    def requote(self, payload: Payload) -> Payload:
        request = load(schemas.ASK_REQUOTE, payload)
        with self.store.begin() as session:
            before = replay(session, idempotency, request.idempotency)
            if before is not None:
                return before
            parent = Quotes(session).get(request.quote_id)
        until = self.clock.now() + self.rules.quote_ttl
        quote = quoting.make_requote(request, parent, self.world, until, self.ids.new())
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
    def get_timeline(self, payload: Payload) -> Payload:
        """Of the quote of a trip and, when it was for another destination, those before it."""
        request = load(schemas.SEE_QUOTED, payload)
        with self.store.begin() as session:
            found = Quotes(session).line_of(request["quote_id"])
        return timeline_reply(schemas.quoted_moments(found, request["category"]))

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

    # -- promo codes -------------------------------------------------------------------------------------------------
    @rpc
    def reserve_promo(self, payload: Payload) -> Payload:
        request, now = load(promo_schemas.RESERVE_PROMO, payload), self.clock.now()
        with self.store.begin() as session:
            use = promos.reserve(request, Quotes(session), Promos(session), now, self.sweep)
        return dict(promo_schemas.dump_reserved(use))

    @rpc
    def release_promo(self, payload: Payload) -> Payload:
        request = load(promo_schemas.RELEASE_PROMO, payload)
        with self.store.begin() as session:
            return {"released": bool(Promos(session).give_back([request.trip_id], self.clock.now()))}

    @rpc
    def create_promo(self, payload: Payload) -> Payload:
        request, now = load(promo_schemas.NEW_PROMO, payload), self.clock.now()
        with self.store.begin() as session:

            def keep() -> Payload:
                return dict(promo_schemas.dump_code(promos.create(request, Promos(session), self.rules.cities, now)))

            return once(session, idempotency, keyed(request.idempotency, self.call_id), keep)

    @rpc
    def disable_promo(self, payload: Payload) -> Payload:
        request, now = load(promo_schemas.DISABLE_PROMO, payload), self.clock.now()
        with self.store.begin() as session:
            return dict(promo_schemas.dump_code(promos.disable(request, Promos(session), now)))

    @rpc
    def get_promo(self, payload: Payload) -> Payload:
        code = load(promo_schemas.SEE_PROMO, payload)["code"]
        with self.store.begin() as session:
            return dict(promo_schemas.dump_code(promos.see(code, Promos(session))))

    @rpc
    def list_promos(self, payload: Payload) -> Payload:
        request = load(promo_schemas.LIST_PROMOS, payload)
        with self.store.begin() as session:
            return dict(promo_schemas.dump_codes(*promos.list_codes(request, Promos(session))))

    @rpc
    def list_promo_uses(self, payload: Payload) -> Payload:
        request = load(promo_schemas.LIST_PROMO_USES, payload)
        with self.store.begin() as session:
            return dict(promo_schemas.dump_uses(*promos.list_uses(request, Promos(session))))

    @leader_timer(setting="PROMO_SWEEP_S")
    def sweep_promos(self) -> None:
        now = self.clock.now()
        with self.store.begin() as session:
            due = Promos(session).take_due(now, self.sweep.again, promos.SWEPT_AT_ONCE)
        lost = promos.look_after(due, self._state_of_trip, now, self.sweep)
        if lost:
            with self.store.begin() as session:
                Promos(session).give_back(lost, now)

    def _state_of_trip(self, trip_id: str) -> str:
        return self.trips.get_parties({"trip_id": trip_id}, deadline_s=SWEEP_DEADLINE_S)["state"]

    @rpc
    def audit(self, payload: Payload) -> Payload:
        with self.store.begin() as session:
            return {"checks": ask_all(session)}

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
        now = self.clock.now()
        settled, ended = settled_of(events), ended_without_ride(events)
        if settled or ended:
            # before demand, which cannot always be counted: money does not wait for Redis or maps
            with self.store.begin() as session:
                promos.settle(settled, Promos(session), now)
                Promos(session).give_back(ended, now)
        self.demand.note(heard_of(events, self.plan.defaults, self.grounds), now)

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
    def sweep(self) -> promos.Sweep:
        return promos.Sweep(first=timedelta(seconds=float(self.config["PROMO_RESERVED_S"])))

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
