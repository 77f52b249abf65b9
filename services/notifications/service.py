"""The notifications service: each user's one ordered stream of events, and the way to where he is. Read this first."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import amqp
from nameko.dependency_providers import Config

from hansom.clock import Clock
from hansom.consumer import consume, read_queue
from hansom.contracts.topology import MOVES_EXCHANGE, MOVES_QUEUE
from hansom.events import Event
from hansom.rpc import rpc
from hansom.store import Store
from hansom.timers import leader_timer
from hansom.validation import load
from services.notifications import schemas, usecases
from services.notifications.delivery import DeliveryProvider
from services.notifications.outreach import Outreach
from services.notifications.storage.tables import Base

log = logging.getLogger(__name__)

DAYS_INTERVAL_S = 600
MOVES_KEPT = 1000

Payload = dict[str, Any]


def declare_moves(channel: amqp.Channel, config: dict[str, Any]) -> list[str]:
    """The queue of moving cars: short, and the old go first."""
    channel.exchange_declare(MOVES_EXCHANGE, "fanout", durable=True, auto_delete=False)
    arguments = {"x-max-length": MOVES_KEPT, "x-overflow": "drop-head", "x-message-ttl": 5000}
    channel.queue_declare(MOVES_QUEUE, durable=True, auto_delete=False, arguments=arguments)
    channel.queue_bind(MOVES_QUEUE, MOVES_EXCHANGE)
    return [MOVES_QUEUE]


class NotificationsService:
    """Says everything to the right user, once and in order."""

    name = "notifications"

    config = Config()
    clock = Clock()
    store = Store(Base)
    delivery = DeliveryProvider()
    outreach = Outreach()

    # -- RPC: for gateways -------------------------------------------------------------------------------------------
    @rpc
    def connect_users(self, payload: Payload) -> Payload:
        request = load(schemas.PRESENCE, payload)
        return dict(usecases.connect_users(self.store, self.delivery.registry, **request))

    @rpc
    def disconnect_users(self, payload: Payload) -> Payload:
        usecases.disconnect_users(self.delivery.registry, **load(schemas.PRESENCE, payload))
        return {}

    @rpc
    def read_stream(self, payload: Payload) -> Payload:
        return dict(usecases.read_stream(self.store, **load(schemas.STREAM, payload)))

    # -- RPC: for operators ------------------------------------------------------------------------------------------
    @rpc
    def audit(self, payload: Payload) -> Payload:
        return {"checks": usecases.audit(self.store)}

    # -- events ------------------------------------------------------------------------------------------------------
    @consume
    def on_events(self, events: list[Event]) -> None:
        usecases.tell_events(self.store, self.delivery, self.outreach, events, self.clock.now())

    @read_queue(declare=declare_moves, batch_size=100, linger_ms=20, parks=False, acks=False)
    def on_moves(self, messages: list[Payload]) -> None:
        usecases.tell_moves(self.delivery, messages)

    # -- timers ------------------------------------------------------------------------------------------------------
    @leader_timer(DAYS_INTERVAL_S, eager=True)
    def keep_days(self) -> None:
        keep = partial(usecases.keep_days, self.store, self.clock.now())
        dropped = keep(float(self.config["STREAM_KEEP_HOURS"]), float(self.config["INBOX_KEEP_DAYS"]))
        if dropped:
            log.info("dropped old days", extra={"days": dropped})
