"""Which gateways are up, and how many sockets each has: in Redis, told by themselves every few seconds."""

from __future__ import annotations

import logging
import time
from typing import Any, cast

import eventlet
from nameko.extensions import DependencyProvider
from redis import Redis
from redis.exceptions import RedisError

from hansom.redis import live_redis
from services.gateway.socket.presence import Presence
from services.gateway.socket.server import SocketServer

log = logging.getLogger(__name__)

KEY = "gateway:roster"
"""A hash: gateway → `<Unix time>:<sockets>`."""

TOLD_EVERY_S = 3.0
GONE_AFTER_S = 12.0
"""A gateway that said nothing for so long is not up."""


def gateways_up(redis: Redis, now: float) -> dict[str, int]:
    """Gateway → its sockets. Those long gone are forgotten. Raises RedisError."""
    up: dict[str, int] = {}
    gone = []
    roster: dict[str, str] = cast("dict[str, str]", redis.hgetall(KEY))
    for gateway_id, told in roster.items():
        at, _, sockets = told.partition(":")
        if now - float(at) <= GONE_AFTER_S:
            up[gateway_id] = int(sockets)
        else:
            gone.append(gateway_id)
    if gone:
        redis.hdel(KEY, *gone)
    return up


class Roster(DependencyProvider):
    """Gives a worker this gateway's id, and keeps it on the roster."""

    presence = Presence()
    server = SocketServer()

    def setup(self) -> None:
        self.redis = live_redis(self.container.config)

    def start(self) -> None:
        self.container.spawn_managed_thread(self._keep_telling, identifier="gateway.roster")

    def stop(self) -> None:
        try:
            self.redis.hdel(KEY, self.presence.gateway_id)
        except RedisError as exc:
            log.debug("the roster could not be told: %s", exc)

    def get_dependency(self, worker_ctx: Any) -> str:
        return self.presence.gateway_id

    def _keep_telling(self) -> None:
        while True:
            try:
                self.redis.hset(KEY, self.presence.gateway_id, f"{time.time():.3f}:{sum(self.server.count().values())}")
            except RedisError as exc:
                log.debug("the roster waits: %s", exc)
            eventlet.sleep(TOLD_EVERY_S)
