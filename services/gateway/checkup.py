"""How everything is, for operators: all services, stores, queues and outboxes asked at once, each within a short time.

Stores and queues are asked directly and not by RPC, so that this works while half of everything is down.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import eventlet
from nameko.extensions import DependencyProvider
from pymongo import MongoClient
from sqlalchemy.engine import make_url

from hansom.amqp import connect
from hansom.backlogs import outbox_backlog
from hansom.cities import cities
from hansom.contracts.topology import PUBLISHED, parked_queue
from hansom.queues import QueueState, known_queues, parking, queue_state, rpc_queue, work_queues
from hansom.redis import live_redis
from hansom.store import database_uri
from hansom.wire import iso
from services.gateway import probes
from services.gateway.probes import Facts, Finding
from services.gateway.readiness import SERVICES
from services.gateway.roster import gateways_up

REMEMBER_S = 1.0
"""Many may ask; the parts are asked once a second at most."""

REQUESTS_WAIT = 100
"""Requests that nobody has taken yet: more, and the service does not keep up."""

UNKNOWN = "not known while RabbitMQ does not answer"


class Checkup(DependencyProvider):
    """Gives a worker `look()`."""

    def setup(self) -> None:
        config = self.container.config
        self.config = config
        self.redis = live_redis(config)
        self.mongo: MongoClient[Any] = MongoClient(
            config["MONGO_URI"], connect=False, serverSelectionTimeoutMS=1000, connectTimeoutMS=1000, maxPoolSize=2
        )
        self._looked_at, self._seen = 0.0, dict[str, Any]()
        self._looking: Any = None

    def stop(self) -> None:
        self.mongo.close()

    def get_dependency(self, worker_ctx: Any) -> Checkup:
        return self

    def look(self) -> dict[str, Any]:
        """The reply of the route, a second old at most. Takes about `PROBE_S` when something does not answer."""
        if self._looking is not None:
            self._looking.wait()
        elif time.monotonic() - self._looked_at > REMEMBER_S:
            self._looking = eventlet.spawn(self._ask_all)
            try:
                self._looking.wait()
            finally:
                self._looking = None
        return self._seen

    def _ask_all(self) -> None:
        stores: dict[str, Callable[[], Facts]] = {
            "rabbitmq": self._queues,
            "postgres": partial(probes.postgres, self.config),
            "redis": partial(probes.redis, self.redis),
            "mongodb": partial(probes.mongodb, self.mongo, str(self.config["MONGO_DATABASE"])),
            **{f"osrm-{key}": partial(probes.osrm, city.osrm_url) for key, city in cities(self.config).items()},
        }
        outboxes = {f"outbox {name}": partial(self._outbox, name) for name in self._with_outbox()}
        roster = {"roster": self._roster}
        found = probes.all_at_once({**stores, **outboxes, **roster})
        states: dict[str, QueueState] | None = found["rabbitmq"].facts.pop("queues", None)
        gateways: dict[str, int] = found["roster"].facts
        self._seen = {
            "at": iso(datetime.now(UTC)),
            "services": [_gateway(gateways), *(_service(name, states, self.config) for name in SERVICES)],
            "stores": [_store(name, found[name]) for name in stores],
            "outboxes": [_outbox(name.partition(" ")[2], found[name]) for name in outboxes],
            "gateways": [{"id": each, "sockets": sockets} for each, sockets in sorted(gateways.items())],
        }
        self._looked_at = time.monotonic()

    def _queues(self) -> Facts:
        """RabbitMQ's version, and the state of every queue of work."""
        connection = connect(self.config["AMQP_URI"])
        try:
            states = [queue_state(connection, name) for name in known_queues(SERVICES, self.config)]
            version = connection.server_properties.get("version")
        finally:
            connection.collect()
        known = {state.name: state for state in states if state is not None}
        waiting = sum(state.messages for state in known.values())
        return {"version": version, "queues": known, "queued_messages": waiting}

    def _with_outbox(self) -> list[str]:
        own = {name.partition(":")[0] for name in self.config["DB_URIS"]}
        return sorted(own & PUBLISHED.keys())

    def _outbox(self, service: str) -> Facts:
        uri = make_url(database_uri(self.config, service)).set(drivername="postgresql")
        backlog = outbox_backlog(uri.render_as_string(hide_password=False), patience_s=2)
        return {"waiting": backlog.waiting, "oldest_s": backlog.oldest_s}

    def _roster(self) -> Facts:
        return dict(gateways_up(self.redis, time.time()))


def _gateway(gateways: dict[str, int]) -> dict[str, Any]:
    """This one answers, so there is one at least."""
    known = {"name": "gateway", "ok": True, "why": None, "ready_messages": 0, "parked": 0}
    return {**known, "consumers": len(gateways), "processes": max(1, len(gateways))}


def _service(name: str, states: dict[str, QueueState] | None, config: dict[str, Any]) -> dict[str, Any]:
    if states is None:
        nothing = dict.fromkeys(("consumers", "processes", "ready_messages", "parked"))
        return {"name": name, "ok": None, "why": UNKNOWN, **nothing}
    requests = states.get(rpc_queue(name), QueueState("", 0, 0))
    work = [states[queue] for queue in work_queues(name, config) if queue in states]
    parked = states[parked_queue(name)].messages if parking([name]) and parked_queue(name) in states else 0
    why = _trouble(requests, work)
    return {
        "name": name,
        "ok": why is None,
        "why": why,
        "consumers": requests.consumers + sum(state.consumers for state in work),
        "processes": requests.consumers,
        "ready_messages": requests.messages + sum(state.messages for state in work),
        "parked": parked,
    }


def _trouble(requests: QueueState, work: list[QueueState]) -> str | None:
    if not requests.consumers:
        return "not running"
    if requests.messages > REQUESTS_WAIT:
        return f"{requests.messages} requests wait"
    unread = [state.name for state in work if state.messages and not state.consumers]
    return f"nobody reads {', '.join(unread)}" if unread else None


def _store(name: str, found: Finding) -> dict[str, Any]:
    return {"name": name, "ok": found.ok, "why": found.why, "answer_ms": found.answer_ms, "facts": found.facts}


def _outbox(service: str, found: Finding) -> dict[str, Any]:
    facts = found.facts if found.ok else {"waiting": None, "oldest_s": None}
    return {"service": service, **facts}
