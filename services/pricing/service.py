"""The pricing service: tariffs, quotes that never change, surge, and the final fare of what was driven."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from nameko.dependency_providers import Config

from hansom.clock import Clock
from hansom.consumer import consume
from hansom.events import Event
from hansom.idempotency import once, replay
from hansom.ids import Ids
from hansom.inbox import forget_old
from hansom.redis import Live
from hansom.rpc import ServiceClient, rpc
from hansom.store import Store
from hansom.timers import leader_timer
from hansom.validation import load
from services.pricing import schemas, usecases
from services.pricing.dependencies import Rules, Segments
from services.pricing.outgoing import LiveWorld
from services.pricing.storage.quotes import Quotes
from services.pricing.storage.redis import DemandWindows
from services.pricing.storage.tables import Base, idempotency

Payload = dict[str, Any]

FORGOTTEN_AT_ONCE = 5000


class PricingService:
    """Quotes and fares: RPC for the gateway and trips; demand windows from trips' events; one cleaning timer."""

    name = "pricing"

    config = Config()
    store = Store(Base)
    live = Live()
    clock = Clock()
    ids = Ids()
    rules = Rules()
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
        quote = usecases.make_quote(request, self.world, self.rules, self.clock.now(), self.ids.new)
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
            quote, fare, reason = usecases.price_ride(request, Quotes(session), self.rules)
        return dict(schemas.dump_final_fare(quote, request.category, fare, reason))

    @rpc
    def tariffs(self, payload: Payload) -> Payload:
        city = load(schemas.TARIFFS, payload)["city"]
        found = usecases.list_tariffs(self.rules, city, self.clock.now())
        return {"items": [schemas.dump_tariff(tariff, self.rules.cities[city].currency) for tariff in found]}

    @consume(linger_ms=200)
    def on_events(self, events: list[Event]) -> None:
        self.world.note_demand(events, self.clock.now())

    @leader_timer(interval_s=600)
    def forget_old_quotes(self) -> None:
        now, kept = self.clock.now(), timedelta(days=float(self.config["QUOTE_KEEP_DAYS"]))
        with self.store.begin() as session:
            forget_old(session, idempotency, timedelta(hours=float(self.config["IDEMPOTENCY_KEEP_HOURS"])))
            Quotes(session).forget_expired(now - kept, FORGOTTEN_AT_ONCE)

    @property
    def world(self) -> LiveWorld:
        windows = DemandWindows(self.live, timedelta(seconds=float(self.config["SURGE_WINDOW_S"])))
        return LiveWorld(self.maps, self.location, windows, self.segments)
