"""How everything is, for operators: all services, stores, queues and outboxes asked at once, each within a short time.

Stores and queues are asked directly and not by RPC, so that this works while half of everything is down.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import partial
from typing import Any

from nameko.extensions import DependencyProvider
from sqlalchemy.engine import make_url

from hansom.amqp import connect
from hansom.backlogs import outbox_backlog
from hansom.contracts.topology import PUBLISHED, parked_queue
from hansom.queues import QueueState, known_queues, parking, queue_state, rpc_queue, work_queues
from hansom.store import database_uri
from hansom.wire import iso
from services.gateway import probes
from services.gateway.probes import Facts, Finding, Probe, Stores
from services.gateway.readiness import SERVICES
from services.gateway.roster import gateways_up
from services.gateway.shared_answer import SharedAnswer

REQUESTS_WAIT = 100
"""Requests that nobody has taken yet: more, and the service does not keep up."""

UNKNOWN = "not known while RabbitMQ does not answer"


class Checkup(DependencyProvider):
    """Gives a worker `look()`."""

    def setup(self) -> None:
        self.config = self.container.config
        self.stores = Stores(self.config)
        self._seen = SharedAnswer(self._ask_all)

    def stop(self) -> None:
        self.stores.close()

    def get_dependency(self, worker_ctx: Any) -> Checkup:
        return self

    def look(self) -> dict[str, Any]:
        """The reply of the route, a second old at most. Takes about `PROBE_S` when something does not answer."""
        return self._seen.get()

    def _ask_all(self) -> dict[str, Any]:
        stores: dict[str, Probe] = {"rabbitmq": self._queues, **self.stores.probes()}
        outboxes = {f"outbox {name}": partial(self._outbox, name) for name in self._with_outbox()}
        roster = {"roster": self._roster}
        found = probes.all_at_once({**stores, **outboxes, **roster})
        states: dict[str, QueueState] | None = found["rabbitmq"].facts.pop("queues", None)
        gateways: dict[str, int] = found["roster"].facts
        return {
            "at": iso(datetime.now(UTC)),
            "services": [_gateway(gateways), *(_service(name, states, self.config) for name in SERVICES)],
            "stores": [_store(name, found[name]) for name in stores],
            "outboxes": [_outbox(name.partition(" ")[2], found[name]) for name in outboxes],
            "gateways": [{"id": each, "sockets": sockets} for each, sockets in sorted(gateways.items())],
        }

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
        return dict(gateways_up(self.stores.redis, time.time()))


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
