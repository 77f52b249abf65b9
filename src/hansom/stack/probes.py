"""Whether a server answers. Each probe raises its client's own error while it does not."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import amqp
import psycopg2
import pymongo
import redis
import requests

from hansom.amqp_uri import open_connection
from hansom.stack.problems import StackProblem


def amqp_answers(uri: str) -> None:
    """Log in to the broker."""
    open_connection(uri, connect_timeout_s=2, read_timeout_s=3).close()


def postgres_answers(uri: str) -> None:
    """Log in to the `postgres` database."""
    psycopg2.connect(uri.rstrip("/") + "/postgres", connect_timeout=3).close()


def redis_answers(uri: str) -> None:
    """Ping."""
    client: redis.Redis = redis.Redis.from_url(uri, socket_timeout=3, socket_connect_timeout=3)
    try:
        client.ping()
    finally:
        client.close()


def mongo_answers(uri: str) -> None:
    """Ping."""
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(uri, serverSelectionTimeoutMS=1000)
    with client:
        client.admin.command("ping")


def osrm_answers(url: str) -> None:
    """Any answer in OSRM's form will do."""
    requests.get(f"{url.rstrip('/')}/nearest/v1/driving/0,0", timeout=3).json()


PROBES: dict[str, Callable[[str], None]] = {
    "AMQP_URI": amqp_answers,
    "POSTGRES_URI": postgres_answers,
    "REDIS_URI": redis_answers,
    "MONGO_URI": mongo_answers,
    "OSRM_URL": osrm_answers,
}

NOT_YET = (OSError, amqp.AMQPError, psycopg2.Error, redis.RedisError, pymongo.errors.PyMongoError, ValueError)
"""What probes raise. (requests' errors are OSErrors.)"""


def wait_for(what: str, probe: Callable[[], None], timeout_s: float, hint: str) -> None:
    """Try `probe` until it passes. Raises StackProblem with the last reason and `hint` after `timeout_s` seconds."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return probe()
        except NOT_YET as exc:
            if time.monotonic() > deadline:
                reason = (str(exc).strip().splitlines() or [type(exc).__name__])[-1]
                raise StackProblem(f"{what} does not answer ({reason}): {hint}") from exc
        time.sleep(0.1)
