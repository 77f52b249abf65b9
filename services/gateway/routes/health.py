"""How everything is, and what services gave up, for operators."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import amqp
import eventlet

from hansom.amqp import BROKEN, BrokerUnavailable
from hansom.contracts.gateway import UnknownService
from hansom.parking import count_parked, drop_parked, look_at_parked, retry_parked
from hansom.queues import connected, parking
from services.gateway import health_replies
from services.gateway.http.route import OPS, Call, route
from services.gateway.readiness import SERVICES
from services.gateway.routes.needs import Needs

log = logging.getLogger(__name__)

PARKING = parking(SERVICES)
LOOK_S = 5.0
MOVE_S = 20.0


class HealthRoutes(Needs):
    checkup: Any
    roster: Any

    @route("GET", "/v1/ops/health", who=OPS, gives=health_replies.EverybodysHealth(),
           summary="How every service and store is, what waits in queues and outboxes")  # fmt: skip
    def get_everybodys_health(self, call: Call) -> Any:
        """All asked at once, each for 1.5 s at most: what is down neither fails nor delays the answer. A second old at
        most."""
        return self.checkup.look()

    @route("GET", "/v1/ops/parked", who=OPS, query=health_replies.ParkedQuery(), gives=health_replies.Parked(),
           refuses=frozenset({404, 503}), summary="Messages that services gave up, oldest first")  # fmt: skip
    def list_parked(self, call: Call) -> Any:
        """They stay where they are. `counts` are of all services; 503 while RabbitMQ does not answer."""
        wanted = [_known(call.data["service"])] if "service" in call.data else PARKING
        left, partitions = call.data["limit"], int(self.config["EVENT_PARTITIONS"])
        items: list[dict[str, Any]] = []
        with self._broker(LOOK_S) as connection:
            counts = count_parked(connection, PARKING)
            for service in wanted:
                if counts.get(service) and left > len(items):
                    found = look_at_parked(connection, service, partitions, left - len(items))
                    items += [asdict(each) for each in found]
        return {"items": items, "counts": counts}

    @route("POST", "/v1/ops/parked/{service}/retry", who=OPS, body=health_replies.RetryParked(),
           gives=health_replies.RetriedParked(), refuses=frozenset({404, 503}),
           summary="Give parked messages back to the queues they came from")  # fmt: skip
    def retry_parked(self, call: Call) -> Any:
        """The oldest thousand of them; who did it is in the log."""
        service, ids = _known(call.data["service"]), call.data.get("ids")
        partitions = int(self.config["EVENT_PARTITIONS"])
        with self._broker(MOVE_S) as connection:
            done = retry_parked(connection, service, partitions, ids and set(ids), health_replies.MANY_PARKED)
        log.warning(
            "parked messages are tried again",
            extra={"of_service": service, "retried": done.retried, "by_user_id": call.user_id},
        )
        return asdict(done)

    @route("POST", "/v1/ops/parked/{service}/drop", who=OPS, body=health_replies.DropParked(),
           gives=health_replies.DroppedParked(), refuses=frozenset({404, 503}),
           summary="Throw parked messages away")  # fmt: skip
    def drop_parked(self, call: Call) -> Any:
        """Who did it, and why, is in the log."""
        service, ids = _known(call.data["service"]), call.data.get("ids")
        with self._broker(MOVE_S) as connection:
            dropped = drop_parked(connection, service, ids and set(ids))
        log.warning(
            "parked messages are dropped",
            extra={
                "of_service": service,
                "dropped": dropped,
                "reason": call.data["reason"],
                "by_user_id": call.user_id,
            },
        )
        return {"dropped": dropped}

    @contextmanager
    def _broker(self, patience_s: float) -> Iterator[amqp.Connection]:
        """A connection of its own for a while. Raises BrokerUnavailable."""
        try:
            with eventlet.Timeout(patience_s, BrokerUnavailable()), connected(self.config["AMQP_URI"]) as connection:
                yield connection
        except BROKEN as exc:
            raise BrokerUnavailable() from exc


def _known(service: str) -> str:
    """Raises UnknownService."""
    if service not in PARKING:
        raise UnknownService(details={"service": [f"One of: {', '.join(PARKING)}."]})
    return service
