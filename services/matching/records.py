"""Decision records on their way to MongoDB: a durable queue of our own, so that writing them delays no rider, and
MongoDB may be down for as long as it takes."""

from __future__ import annotations

from typing import Any

import amqp
import orjson
from nameko.extensions import DependencyProvider

from hansom.amqp import Broker, Outgoing
from hansom.consumer import durable_queue
from hansom.contracts.matching import RECORDS_QUEUE

declare_records = durable_queue(RECORDS_QUEUE)


class RecordsQueue(DependencyProvider):
    """Gives a worker `.put(messages)`: confirmed by the broker. Raises BrokerUnavailable."""

    broker = Broker()

    def setup(self) -> None:
        self.broker.declare(self._declare)

    def _declare(self, channel: amqp.Channel) -> None:
        declare_records(channel, self.container.config)

    def get_dependency(self, worker_ctx: Any) -> RecordsQueue:
        return self

    def put(self, messages: list[dict[str, Any]]) -> None:
        if messages:
            self.broker.publish_many([Outgoing("", RECORDS_QUEUE, orjson.dumps(message)) for message in messages])
