"""Is everything up that a ride needs? Asked of all parts at once, each within a short time."""

from __future__ import annotations

from typing import Any

from nameko.extensions import DependencyProvider

from hansom.amqp import connect
from hansom.contracts.gateway import NotReady
from hansom.queues import QueueState, queue_state, rpc_queue
from services.gateway.probes import ROADS, Facts, Finding, Stores, all_at_once
from services.gateway.shared_answer import SharedAnswer

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


class Readiness(DependencyProvider):
    """Gives a worker `check()`."""

    def setup(self) -> None:
        self.config = self.container.config
        self.stores = Stores(self.config)
        self._found = SharedAnswer(self._ask_all)

    def stop(self) -> None:
        self.stores.close()

    def get_dependency(self, worker_ctx: Any) -> Readiness:
        return self

    def check(self) -> dict[str, str]:
        """Part → `ok`, a second old at most. Raises NotReady whose details name the parts that are down."""
        found = self._found.get()
        down = {part: whys for part, whys in found.items() if whys}
        if down:
            raise NotReady(f"Down: {', '.join(sorted(down))}.", down)
        return dict.fromkeys(found, "ok")

    def _ask_all(self) -> dict[str, list[str]]:
        """Part → why it is down, empty while it is up. Services are left out while RabbitMQ does not tell of them."""
        found = all_at_once({"rabbitmq": self._services, **self.stores.probes()})
        roads = {name: finding for name, finding in found.items() if name.startswith(ROADS)}
        stores = {name: _why(finding) for name, finding in found.items() if name not in roads}
        away = [f"{name.removeprefix(ROADS)}: {finding.why}" for name, finding in roads.items() if not finding.ok]
        services: dict[str, list[str]] = found["rabbitmq"].facts
        return {**stores, **services, "osrm": away}

    def _services(self) -> Facts:
        """Whether somebody reads each service's RPC queue. Raises what a broken connection raises."""
        connection = connect(self.config["AMQP_URI"])
        try:
            return {name: _not_running(queue_state(connection, rpc_queue(name))) for name in SERVICES}
        finally:
            connection.collect()


def _why(finding: Finding) -> list[str]:
    return [] if finding.ok else [str(finding.why)]


def _not_running(requests: QueueState | None) -> list[str]:
    return [] if requests is not None and requests.consumers else ["not running"]
