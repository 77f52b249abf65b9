"""Is everything up that a ride needs? Asked of all parts at once, each within a short time."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import eventlet
import psycopg2
from eventlet.green.http import client as http_client
from nameko.extensions import DependencyProvider
from pymongo import MongoClient
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError
from sqlalchemy.engine import make_url

from hansom.amqp import BROKEN, connect
from hansom.contracts.gateway import NotReady
from hansom.redis import live_redis
from hansom.store import database_uri

log = logging.getLogger(__name__)

PROBE_S = 1.5
REMEMBER_S = 1.0
"""Many may ask; the parts are asked once a second at most."""

SERVICES = (
    "analytics",
    "drivers",
    "location",
    "maps",
    "matching",
    "notifications",
    "payments",
    "pricing",
    "ratings",
    "trips",
    "users",
)

FAILURES = (OSError, RedisError, PyMongoError, psycopg2.Error, http_client.HTTPException, *BROKEN)


class Down(Exception):
    """A part does not answer as it should."""


class Readiness(DependencyProvider):
    """Gives a worker `check()`."""

    def setup(self) -> None:
        config = self.container.config
        self.config = config
        self.redis = live_redis(config)
        self.mongo: MongoClient[Any] = MongoClient(
            config["MONGO_URI"], connect=False, serverSelectionTimeoutMS=1000, connectTimeoutMS=1000, maxPoolSize=2
        )
        self._checked_at, self._found = 0.0, dict[str, str | None]()
        self._checking: Any = None

    def stop(self) -> None:
        self.mongo.close()

    def get_dependency(self, worker_ctx: Any) -> Readiness:
        return self

    def check(self) -> dict[str, str]:
        """Part → `ok`. Raises NotReady whose details name the parts that are down."""
        if self._checking is not None:
            self._checking.wait()
        elif time.monotonic() - self._checked_at > REMEMBER_S:
            self._checking = eventlet.spawn(self._ask_all)
            try:
                self._checking.wait()
            finally:
                self._checking = None
        down = {name: [why] for name, why in self._found.items() if why is not None}
        if down:
            raise NotReady(f"Down: {', '.join(sorted(down))}.", down)
        return dict.fromkeys(self._found, "ok")

    def _ask_all(self) -> None:
        probes: dict[str, Callable[[], dict[str, str | None] | None]] = {
            "rabbitmq": self._services,
            "postgres": self._postgres,
            "redis": self._redis,
            "mongodb": self._mongodb,
            "osrm": self._osrm,
        }
        asked = {name: eventlet.spawn(self._ask, probe) for name, probe in probes.items()}
        found: dict[str, str | None] = {}
        for name, asking in asked.items():
            found.update(_flat(name, asking.wait()))
        self._found, self._checked_at = found, time.monotonic()

    @staticmethod
    def _ask(probe: Callable[[], Any]) -> Any:
        try:
            with eventlet.Timeout(PROBE_S, Down("no answer in time")):
                return probe()
        except Down as exc:
            return str(exc)
        except FAILURES as exc:
            log.info("a part is down: %s", exc)
            return type(exc).__name__

    def _services(self) -> dict[str, str | None]:
        """Each service has somebody who reads its RPC queue. Raises what a broken connection raises."""
        connection = connect(self.config["AMQP_URI"])
        try:
            return {name: _missing(connection, name) for name in SERVICES}
        finally:
            connection.collect()

    def _postgres(self) -> None:
        uri = make_url(database_uri(self.config, "notifications")).set(drivername="postgresql")
        connection = psycopg2.connect(uri.render_as_string(hide_password=False), connect_timeout=2)
        try:
            connection.cursor().execute("SELECT 1")
        finally:
            connection.close()

    def _redis(self) -> None:
        self.redis.ping()

    def _mongodb(self) -> None:
        self.mongo.admin.command("ping")

    def _osrm(self) -> None:
        parts = urlsplit(self.config["OSRM_URL"])
        with socket.create_connection((parts.hostname, parts.port or 80), timeout=PROBE_S):
            return


def _missing(connection: Any, service: str) -> str | None:
    channel = connection.channel()
    try:
        declared = channel.queue_declare(f"rpc-{service}", passive=True)
    except BROKEN:
        return "not running"
    channel.close()
    return None if declared.consumer_count else "not running"


def _flat(name: str, found: Any) -> dict[str, str | None]:
    """What a probe found: None, why not, or that of several parts."""
    if isinstance(found, dict):
        return {name: None, **found}
    return {name: found}
