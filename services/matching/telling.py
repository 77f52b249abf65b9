"""What matching publishes for riders who wait: transient, as the next batch says it anew."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import amqp
import orjson
from nameko.extensions import DependencyProvider

from hansom.amqp import Broker, Outgoing
from hansom.contracts.errors import Unavailable
from hansom.contracts.topology import MOVES_EXCHANGE
from services.matching import record_schemas
from services.matching.domain.waiting import WaitingState

log = logging.getLogger(__name__)

WAITING_KEY = "waiting"
RIDERS_A_MESSAGE = 200


class WaitingNews(DependencyProvider):
    """Gives a worker itself: `self.waiting_news.tell(states)`. What is lost the rider sees when he looks."""

    broker = Broker()

    def setup(self) -> None:
        self.broker.declare(self._declare)

    def _declare(self, channel: amqp.Channel) -> None:
        channel.exchange_declare(MOVES_EXCHANGE, "fanout", durable=True, auto_delete=False)

    def get_dependency(self, worker_ctx: Any) -> WaitingNews:
        return self

    def tell(self, states: Sequence[WaitingState]) -> None:
        """Have riders told how long they wait."""
        news = [record_schemas.write_waiting_news(state) for state in states]
        try:
            for start in range(0, len(news), RIDERS_A_MESSAGE):
                body = orjson.dumps({"waiting": news[start : start + RIDERS_A_MESSAGE]})
                self.broker.publish(Outgoing(MOVES_EXCHANGE, WAITING_KEY, body, persistent=False))
        except Unavailable:
            log.warning("riders are not told how long they wait: the broker is down")
