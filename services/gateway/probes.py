"""What each store says of itself, asked directly, so that an answer comes while the others are down."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import eventlet
import psycopg2
from eventlet.green.http import client as http_client
from pymongo import MongoClient
from pymongo.errors import PyMongoError
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.engine import make_url

from hansom.amqp import BROKEN
from hansom.cities import cities
from hansom.redis import live_redis
from hansom.store import owner_uri

log = logging.getLogger(__name__)

PROBE_S = 1.5

FAILURES = (OSError, RedisError, PyMongoError, psycopg2.Error, http_client.HTTPException, *BROKEN)
"""What is raised by a store that is down."""

ROADS = "osrm-"
"""Starts the name of a city's road server."""

Facts = dict[str, Any]
Probe = Callable[[], Facts]


class Down(Exception):
    """A part does not answer as it should."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a question: `why` it is not ok, milliseconds until the answer, and what was learnt."""

    ok: bool
    why: str | None = None
    answer_ms: float | None = None
    facts: Facts = field(default_factory=dict)


def find_out(probe: Probe, patience_s: float = PROBE_S) -> Finding:
    """Ask; takes `patience_s` at most and raises nothing of what a store that is down raises."""
    began = time.monotonic()
    try:
        with eventlet.Timeout(patience_s, Down("no answer in time")):
            facts = probe()
    except Down as exc:
        return Finding(False, str(exc))
    except FAILURES as exc:
        log.info("a part is down: %s", exc)
        return Finding(False, _said(exc))
    return Finding(True, None, round(1000 * (time.monotonic() - began), 1), facts)


def all_at_once(probes: Mapping[str, Probe], patience_s: float = PROBE_S) -> dict[str, Finding]:
    """Name → finding, all asked at the same time."""
    asked = {name: eventlet.spawn(find_out, probe, patience_s) for name, probe in probes.items()}
    return {name: asking.wait() for name, asking in asked.items()}


class Stores:
    """All that is no queue, with the clients that ask it."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.redis = live_redis(config)
        self._mongo: MongoClient[Any] = MongoClient(
            config["MONGO_URI"], connect=False, serverSelectionTimeoutMS=1000, connectTimeoutMS=1000, maxPoolSize=2
        )

    def close(self) -> None:
        self._mongo.close()

    def probes(self) -> dict[str, Probe]:
        """Name → what asks it: `postgres`, `redis`, `mongodb` and each city's `osrm-<city>`."""
        return {
            "postgres": partial(postgres, self.config),
            "redis": partial(redis, self.redis),
            "mongodb": partial(mongodb, self._mongo, str(self.config["MONGO_DATABASE"])),
            **{f"{ROADS}{key}": partial(osrm, city.osrm_url) for key, city in cities(self.config).items()},
        }


def _said(exc: BaseException) -> str:
    """A word for the operator. What the exception says more may hold addresses and passwords: that is for the log."""
    return {
        "OperationalError": "not reachable",
        "ConnectionError": "not reachable",
        "ConnectionRefusedError": "not reachable",
        "ServerSelectionTimeoutError": "not reachable",
        "AutoReconnect": "not reachable",
    }.get(type(exc).__name__, type(exc).__name__)


def postgres(config: dict[str, Any]) -> Facts:
    """Of the server, by its owner's login: connections of how many, and how long it has been up."""
    uri = make_url(owner_uri(config, "trips")).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg2.connect(uri, connect_timeout=2)
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('server_version'), current_setting('max_connections')::int,"
                " (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),"
                " extract(epoch FROM now() - pg_postmaster_start_time())::bigint, pg_is_in_recovery()"
            )
            version, most, connections, up_s, is_standby = cursor.fetchone() or ("", 0, 0, 0, False)
    finally:
        connection.close()
    known = {"version": version, "connections": connections, "max_connections": most, "up_s": int(up_s)}
    return {**known, "standby": is_standby}


def redis(client: Redis) -> Facts:
    """Memory, clients, keys, uptime, and how many keys it threw away for want of memory."""
    info: dict[str, Any] = client.info()
    return {
        "version": info.get("redis_version"),
        "used_memory_bytes": info.get("used_memory"),
        "max_memory_bytes": info.get("maxmemory") or None,
        "clients": info.get("connected_clients"),
        "keys": sum(each.get("keys", 0) for name, each in info.items() if name.startswith("db")),
        "evicted_keys": info.get("evicted_keys"),
        "up_s": info.get("uptime_in_seconds"),
    }


def mongodb(client: MongoClient[Any], database: str) -> Facts:
    """Its version and how many collections there are."""
    version = client.server_info().get("version")
    return {"version": version, "collections": len(client[database].list_collection_names())}


def osrm(url: str) -> Facts:
    """Any answer to a request is one: a road server that hangs takes connections and says nothing."""
    parts = urlsplit(url)
    connection = http_client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 80, timeout=PROBE_S)
    try:
        connection.request("GET", "/")
        connection.getresponse().read(1000)
    finally:
        connection.close()
    return {}
