"""The trips service: the trip and its state machine, the one source of truth."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Any

import eventlet
from nameko.dependency_providers import Config

from hansom import logs
from hansom.clock import Clock
from hansom.consumer import consume
from hansom.contracts.trips import Role, WrongPin
from hansom.events import Event, Outbox
from hansom.idempotency import keyed, once, replay
from hansom.ids import Ids
from hansom.inbox import forget_old
from hansom.mongo import Mongo
from hansom.rpc import CallId, ServiceClient, rpc
from hansom.store import Store
from hansom.timers import leader_timer
from services.trips import schemas
from services.trips.dependencies import Pins, Rules
from services.trips.domain.trip import Trip
from services.trips.outgoing import (
    RoadsAndPrices,
    UnitsOfWork,
    answered,
    cards_of,
    in_parallel,
    last_heard,
    live_position,
    under_way,
    way_so_far,
    whereabouts,
)
from services.trips.retelling import Retelling
from services.trips.schemas import decode, offer_reply, page_reply, trip_reply
from services.trips.storage import queries
from services.trips.storage.mongo import History
from services.trips.storage.tables import Base, idempotency
from services.trips.storage.trips import TripRows
from services.trips.usecases import (
    accounting,
    archiving,
    auditing,
    cancelling,
    changing,
    driving,
    expiring,
    offering,
    reading,
    requesting,
    returning,
    settling,
    withdrawing,
)

Payload = dict[str, Any]


class TripsService(Retelling):
    """Trips and offers: RPC for the gateway, matching, location, ratings and ops; events in and out; timers."""

    name = "trips"

    config = Config()
    store = Store(Base)
    outbox = Outbox(Base)
    mongo = Mongo()
    clock = Clock()
    ids = Ids()
    call_id = CallId()
    pins = Pins()
    rules = Rules()
    pricing = ServiceClient("pricing")
    payments = ServiceClient("payments")
    drivers = ServiceClient("drivers")
    location = ServiceClient("location")

    # -- the rider's verbs -------------------------------------------------------------------------------------------
    @rpc
    def request_trip(self, payload: Payload) -> Payload:
        command = decode(schemas.REQUEST_TRIP, payload)
        key = keyed(command.idempotency, self.call_id)
        with under_way(self.pricing.call_async("get_quote", {"quote_id": command.quote_id})) as quoted:
            with self.units.with_session() as (unit, session):
                # in this order: a twin that commits between the two is found by its key, not taken for another trip
                active = unit.rows.active_trip_of(command.rider_id)
                before = replay(session, idempotency, key)
            if before is not None:
                return before
            quote = schemas.quote_of(quoted.result())
        wish = requesting.wish_of(command, key, quote, active, self.clock.now())
        with (
            requesting.taken(self.pricing, self.payments, wish, self._has_ridden) as promo,
            self.units.with_session() as (unit, session),
        ):

            def do() -> Payload:
                return self._told(requesting.request_trip(unit, wish, promo, self.pins.new()), with_pin=True)

            return once(session, idempotency, key, do)

    @rpc
    def cancel_preview(self, payload: Payload) -> Payload:
        command = decode(schemas.SEE_TRIP, payload)
        trip = reading.see_trip(self._find_live, self.history, command)
        now = self.clock.now()
        cost, fee = cancelling.preview(trip, command.actor.role, self._surveyor, now)
        return dict(schemas.preview_reply(cost, fee))

    @rpc
    def cancel_trip(self, payload: Payload) -> Payload:
        command = decode(schemas.CANCEL_TRIP, payload)
        with self.units() as unit:
            trip = cancelling.cancel_trip(unit, command, self.rules.settle.grace)
        return self._told(trip, with_pin=command.actor.role == Role.RIDER)

    @rpc
    def quote_destination(self, payload: Payload) -> Payload:
        command = decode(schemas.QUOTE_DESTINATION, payload)
        trip = changing.must_be_changeable(self._find_live(command.trip_id), command.rider_id)
        asked = changing.question(command, trip, partial(way_so_far, self.location), self.clock.now())
        return self.pricing.requote(asked)

    @rpc
    def change_destination(self, payload: Payload) -> Payload:
        command = decode(schemas.CHANGE_DESTINATION, payload)
        quoted = answered(self.pricing.call_async("get_quote", {"quote_id": command.quote_id}))
        with self.units() as unit:
            trip = changing.change_destination(unit, command, lambda: schemas.quote_of(quoted()))
        return self._told(trip, with_pin=True)

    # -- the driver's verbs ------------------------------------------------------------------------------------------
    @rpc
    def accept_offer(self, payload: Payload) -> Payload:
        command = decode(schemas.ANSWER_OFFER, payload)
        with self.units() as unit:
            offer, trip = offering.accept_offer(unit, command)
        return {"offer": offer_reply(offer), "trip": self._told(trip)}

    @rpc
    def decline_offer(self, payload: Payload) -> Payload:
        command = decode(schemas.ANSWER_OFFER, payload)
        with self.units() as unit:
            offer = offering.decline_offer(unit, command)
        return {"offer": offer_reply(offer)}

    @rpc
    def arrive(self, payload: Payload) -> Payload:
        command = decode(schemas.DRIVE_TRIP, payload)
        with self.units() as unit:
            trip = driving.arrive(unit, command)
        return self._told(trip)

    @rpc
    def start(self, payload: Payload) -> Payload:
        command = decode(schemas.START_TRIP, payload)
        with self.units() as unit:
            outcome = driving.start(unit, command, self.rules.pin)
        if isinstance(outcome, WrongPin):
            raise outcome  # now that the try is counted
        return self._told(outcome)

    @rpc
    def complete(self, payload: Payload) -> Payload:
        command = decode(schemas.DRIVE_TRIP, payload)
        with self.units() as unit:
            trip = driving.complete(unit, command, self.rules.settle.grace)
        return self._told(trip)

    @rpc
    def claim_no_show(self, payload: Payload) -> Payload:
        command = decode(schemas.DRIVE_TRIP, payload)
        where = whereabouts(self.location, command.trip_id, command.driver_id)
        with self.units() as unit:
            trip = cancelling.claim_no_show(unit, command, where)
        return self._told(trip)

    # -- matching ----------------------------------------------------------------------------------------------------
    @rpc
    def make_offers(self, payload: Payload) -> Payload:
        proposals = decode(schemas.MAKE_OFFERS, payload)["offers"]
        cards = cards_of(self.drivers, sorted({proposal.driver_id for proposal in proposals}))
        with self.units() as unit:
            outcome = offering.make_offers(unit, proposals, cards, self.rules.patience, self.ids.new)
        refused = [
            {"trip_id": each.trip_id, "driver_id": each.driver_id, "reason": why} for each, why in outcome.refused
        ]
        return {"made": [offer_reply(offer) for offer in outcome.made], "refused": refused}

    @rpc
    def note_offers_shown(self, payload: Payload) -> Payload:
        offer_ids = decode(schemas.OFFER_IDS, payload)["offer_ids"]
        with self.units() as unit:
            return {"noted": offering.note_offers_shown(unit, offer_ids)}

    @rpc
    def list_unshown_offers(self, payload: Payload) -> Payload:
        offer_ids = decode(schemas.OFFER_IDS, payload)["offer_ids"]
        with self.units() as unit:
            return {"offer_ids": unit.rows.unshown_offers(offer_ids)}

    @rpc
    def list_waiting(self, payload: Payload) -> Payload:
        city = decode(schemas.CITY, payload)["city"]
        with self.store.begin() as session:
            waiting = queries.waiting(session, city)
        return {"items": [schemas.waiting_reply(each) for each in waiting]}

    @rpc
    def see_city(self, payload: Payload) -> Payload:
        city = decode(schemas.CITY, payload)["city"]
        with self.store.begin() as session:
            return schemas.city_reply(queries.waiting_places(session, city), queries.offered_drivers(session, city))

    @rpc
    def list_unfree_drivers(self, payload: Payload) -> Payload:
        with self.store.begin() as session:
            return {"driver_ids": queries.unfree_drivers(session)}

    @rpc
    def get_active_by_driver(self, payload: Payload) -> Payload:
        driver_ids = decode(schemas.DRIVER_IDS, payload)["driver_ids"]
        with self.store.begin() as session:
            active = queries.active_of_drivers(session, driver_ids)
        return {"items": {driver_id: schemas.active_reply(trip) for driver_id, trip in active.items()}}

    # -- reading -----------------------------------------------------------------------------------------------------
    @rpc
    def get_trip(self, payload: Payload) -> Payload:
        command = decode(schemas.SEE_TRIP, payload)
        trip = reading.see_trip(self._find_live, self.history, command)
        position = live_position(self.location, trip)
        return dict(trip_reply(trip, self.clock.now(), with_pin=command.actor.role == Role.RIDER, position=position))

    @rpc
    def get_parties(self, payload: Payload) -> Payload:
        trip_id = decode(schemas.TRIP_ID, payload)["trip_id"]
        return schemas.parties_reply(reading.find_trip(self._find_live, self.history, trip_id))

    @rpc
    def list_trips(self, payload: Payload) -> Payload:
        command = decode(schemas.LIST_TRIPS, payload)
        trips, cursor = reading.list_trips(self._newest_live, self.history, command)
        return page_reply(trips, cursor, self.clock.now(), with_pin=command.role == Role.RIDER)

    @rpc
    def list_all(self, payload: Payload) -> Payload:
        command = decode(schemas.LIST_ALL, payload)
        trips, cursor = reading.list_all(self._newest_live, self.history, command)
        return page_reply(trips, cursor, self.clock.now(), with_pin=False)

    @rpc
    def count_trips(self, payload: Payload) -> Payload:
        now = self.clock.now()
        with self.store.begin() as session:
            return asdict(queries.counts(session, now, self.rules.day_began_at(now)))

    @rpc
    def audit(self, payload: Payload) -> Payload:
        return {"checks": auditing.audit(self.units, self.history, self.rules.audit_patience())}

    @rpc
    def list_money(self, payload: Payload) -> Payload:
        asked = decode(schemas.LIST_MONEY, payload)
        trips = accounting.trips_after(self.units, self.history, asked["after"], asked["limit"])
        return {"items": [schemas.money_reply(trip) for trip in trips]}

    @rpc
    def archive_now(self, payload: Payload) -> Payload:
        older_than_s = decode(schemas.ARCHIVE_NOW, payload)["older_than_s"]
        older_than = self.rules.archive_after if older_than_s is None else timedelta(seconds=older_than_s)
        return {"archived": archiving.archive_done(self.units, self.history, older_than, eventlet.sleep)}

    # -- events ------------------------------------------------------------------------------------------------------
    @consume
    def on_events(self, events: list[Event]) -> None:
        """Only `drivers.driver_availability_changed`. Repeats and latecomers change nothing, so there is no inbox."""
        gone = schemas.gone_offline(events)
        if gone:
            with self.units() as unit:
                withdrawing.withdraw_offers_to(unit, gone)

    # -- timers: each in one replica only ----------------------------------------------------------------------------
    @leader_timer(interval_s=0.5)
    def expire_offers(self) -> None:
        expiring.expire_offers(self.units)

    @leader_timer(interval_s=1.0)
    def expire_trips(self) -> None:
        expiring.expire_trips(self.units, self.rules.patience)

    @leader_timer(setting="DRIVER_WATCH_S")
    def return_abandoned(self) -> None:
        returning.return_abandoned(self.units, partial(last_heard, self.location), self.rules.watch)

    @leader_timer(interval_s=0.5)
    def settle_trips(self) -> None:
        settling.settle_due(self.units, self._surveyor, self.rules.settle, in_parallel)

    @leader_timer(setting="ARCHIVE_INTERVAL_S")
    def archive_trips(self) -> None:
        archiving.archive_done(self.units, self.history, self.rules.archive_after, eventlet.sleep)

    @leader_timer(interval_s=600.0)
    def forget_old_keys(self) -> None:
        with self.store.begin() as session:
            forget_old(session, idempotency, self.rules.keys_kept)

    # -- what the entrypoints share ----------------------------------------------------------------------------------
    @property
    def units(self) -> UnitsOfWork:
        return UnitsOfWork(self.store, self.outbox, self.clock)

    @property
    def history(self) -> History:
        return History(self.mongo)

    @property
    def _surveyor(self) -> RoadsAndPrices:
        return RoadsAndPrices(self.location, self.pricing)

    def _told(self, trip: Trip, with_pin: bool = False) -> Payload:
        logs.bind(trip_id=trip.id)
        return dict(trip_reply(trip, self.clock.now(), with_pin=with_pin))

    def _find_live(self, trip_id: str) -> Trip | None:
        with self.store.begin() as session:
            return TripRows(session).find(trip_id)

    def _has_ridden(self, rider_id: str) -> bool:
        return reading.has_ridden(self._newest_live, self.history, rider_id)

    def _newest_live(self, *page: Any) -> list[Trip]:
        with self.store.begin() as session:
            return queries.newest(session, *page)
