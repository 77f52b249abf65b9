"""From streams to gateways: each gets its own users' events, in one message, on its own queue."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from nameko.extensions import DependencyProvider
from redis.exceptions import RedisError

from hansom.amqp import Broker, Outgoing
from hansom.contracts.errors import Unavailable
from hansom.contracts.gateway import FRAMES_QUEUE
from hansom.redis import live_redis
from services.notifications.storage.registry import Registry

log = logging.getLogger(__name__)

Frame = list[Any]
"""`[user_id, event, data, seq or None]`."""


class Delivery:
    """Best effort: what does not arrive is in the stream, and the gateway fetches it at its next look."""

    def __init__(self, registry: Registry, broker: Broker) -> None:
        self.registry, self._broker = registry, broker

    def deliver(self, frames: Sequence[Frame]) -> list[str]:
        """Send each frame to the gateways of its user; gives the users who are at none."""
        user_ids = list(dict.fromkeys(frame[0] for frame in frames))
        try:
            gateways = self.registry.gateways(user_ids)
        except RedisError as exc:
            log.warning("events wait in their streams: Redis is down: %s", exc)
            return []
        by_gateway: dict[str, list[Frame]] = defaultdict(list)
        for frame in frames:
            for gateway_id in gateways[frame[0]]:
                by_gateway[gateway_id].append(frame)
        self._publish(by_gateway.items())
        return [user_id for user_id in user_ids if not gateways[user_id]]

    def _publish(self, by_gateway: Iterable[tuple[str, list[Frame]]]) -> None:
        try:
            for gateway_id, frames in by_gateway:
                queue = FRAMES_QUEUE.format(gateway_id=gateway_id)
                self._broker.publish(Outgoing("", queue, orjson.dumps({"frames": frames}), persistent=False))
        except Unavailable:
            log.warning("events wait in their streams: the broker is down")


class DeliveryProvider(DependencyProvider):
    """Gives a worker the delivery."""

    broker = Broker()

    def setup(self) -> None:
        config = self.container.config
        self.delivery = Delivery(Registry(live_redis(config), float(config["PRESENCE_TTL_S"])), self.broker)

    def get_dependency(self, worker_ctx: Any) -> Delivery:
        return self.delivery
