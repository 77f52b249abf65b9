"""The drivers service: driver profile, vehicle, approval, availability. Read this first."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from typing import Any

from nameko.dependency_providers import Config

from hansom import logs
from hansom.cache import Cached
from hansom.cities import categories_of
from hansom.clock import Clock
from hansom.consumer import consume
from hansom.events import Event, Outbox
from hansom.idempotency import keyed, once
from hansom.inbox import forget_old
from hansom.rpc import CallId, ServiceClient, rpc
from hansom.store import Store
from hansom.timers import leader_timer
from hansom.validation import load
from services.drivers import schemas, usecases
from services.drivers.storage.drivers import DriverRows
from services.drivers.storage.tables import Base, idempotency
from services.drivers.usecases import Categories, Unit, documents

log = logging.getLogger(__name__)

TIDY_INTERVAL_S = 600


class DriversService:
    """Who drives what, who may, and who is at work."""

    name = "drivers"

    config = Config()
    clock = Clock()
    call_id = CallId()
    store = Store(Base)
    outbox = Outbox(Base)
    cache = Cached("drivers:card", ttl_setting="PROFILE_CACHE_TTL_S")
    users = ServiceClient("users")

    # -- RPC: a driver -----------------------------------------------------------------------------------------------
    @rpc
    def register_driver(self, payload: dict[str, Any]) -> dict[str, Any]:
        command = load(schemas.RegisterDriverSchema(), payload)
        command = replace(command, idempotency=keyed(command.idempotency, self.call_id))  # for users, too
        return usecases.register_driver(self._unit, self.users, self._categories, command)

    @rpc
    def get_driver(self, payload: dict[str, Any]) -> dict[str, Any]:
        return dict(usecases.get_driver(self._unit, load(schemas.DriverIdSchema(), payload)["driver_id"]))

    @rpc
    def set_availability(self, payload: dict[str, Any]) -> dict[str, Any]:
        command = load(schemas.SetAvailabilitySchema(), payload)
        logs.bind(user_id=command.driver_id)
        driver = usecases.set_availability(self._unit, command)
        return {"driver_id": driver.id, "online": driver.online, "approval": driver.approval.value}

    # -- RPC: many drivers -------------------------------------------------------------------------------------------
    @rpc
    def get_cards(self, payload: dict[str, Any]) -> dict[str, Any]:
        driver_ids = load(schemas.DriverIdsSchema(), payload)["driver_ids"]
        return {"items": usecases.get_cards(self._unit, self.cache, self._categories, driver_ids)}

    @rpc
    def get_availability(self, payload: dict[str, Any]) -> dict[str, Any]:
        driver_ids = load(schemas.DriverIdsSchema(), payload)["driver_ids"]
        return {"items": usecases.get_availability(self._unit, driver_ids)}

    @rpc
    def list_drivers(self, payload: dict[str, Any]) -> dict[str, Any]:
        return usecases.list_drivers(self._unit, load(schemas.ListDriversSchema(), payload))

    @rpc
    def count_drivers(self, payload: dict[str, Any]) -> dict[str, Any]:
        return dict(usecases.count_drivers(self._unit))

    # -- RPC: ops ----------------------------------------------------------------------------------------------------
    @rpc
    def approve_driver(self, payload: dict[str, Any]) -> dict[str, Any]:
        return dict(usecases.approve_driver(self._unit, load(schemas.DecideDriverSchema(), payload)))

    @rpc
    def suspend_driver(self, payload: dict[str, Any]) -> dict[str, Any]:
        return dict(usecases.suspend_driver(self._unit, load(schemas.DecideDriverSchema(), payload)))

    # -- RPC: documents ----------------------------------------------------------------------------------------------
    @rpc
    def get_record(self, payload: dict[str, Any]) -> dict[str, Any]:
        return documents.get_record(self._unit, load(schemas.DriverIdSchema(), payload)["driver_id"])

    @rpc
    def list_documents(self, payload: dict[str, Any]) -> dict[str, Any]:
        return documents.list_documents(self._unit, load(schemas.DriverIdSchema(), payload)["driver_id"])

    @rpc
    def submit_document(self, payload: dict[str, Any]) -> dict[str, Any]:
        return dict(documents.submit_document(self._unit, load(schemas.SubmitDocumentSchema(), payload)))

    @rpc
    def decide_document(self, payload: dict[str, Any]) -> dict[str, Any]:
        return dict(documents.decide_document(self._unit, load(schemas.DecideDocumentSchema(), payload)))

    # -- events ------------------------------------------------------------------------------------------------------
    @consume
    def on_events(self, events: list[Event]) -> None:
        handlers: dict[str, Callable[[list[dict[str, Any]]], None]] = {
            "users.account_registered": self.on_users_account_registered,
            "users.profile_changed": self.on_users_profile_changed,
            "ratings.rating_given": self.on_ratings_rating_given,
        }
        # runs of one name, in order: a name never changes before its account is there
        for name, run in groupby(events, key=lambda event: event.name):
            handlers[name]([event.data for event in run])

    def on_users_account_registered(self, registered: list[dict[str, Any]]) -> None:
        usecases.add_registered(self._unit, registered)

    def on_users_profile_changed(self, changed: list[dict[str, Any]]) -> None:
        usecases.note_names(self._unit, self.cache, changed)

    def on_ratings_rating_given(self, given: list[dict[str, Any]]) -> None:
        usecases.note_ratings(self._unit, self.cache, given)

    # -- timers ------------------------------------------------------------------------------------------------------
    @leader_timer(TIDY_INTERVAL_S)
    def tidy_up(self) -> None:
        with self.store.begin() as session:
            keys = forget_old(session, idempotency, timedelta(hours=int(self.config["IDEMPOTENCY_KEEP_HOURS"])))
        log.info("tidied up", extra={"idempotency_keys": keys})

    # -- what they share ---------------------------------------------------------------------------------------------
    @property
    def _categories(self) -> Categories:
        return categories_of(self.config)

    @contextmanager
    def _unit(self) -> Iterator[Unit]:
        with self.store.begin() as session:
            yield Unit(
                rows=DriverRows(session),
                tell=lambda type_, key, data: self.outbox.add(session, type_, key=key, data=data),
                once=lambda key, do: once(session, idempotency, keyed(key, self.call_id), do),
                now=self.clock.now(),
                auto_approve=self.config["DRIVER_AUTO_APPROVE"] is True,
                categories=self._categories,
                documents=schemas.document_rules(self.config),
            )
