"""Hints go out as events. Their documents are the outbox: what is not marked as told is told again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import amqp
from nameko.extensions import DependencyProvider

from hansom.amqp import Broker
from hansom.contracts.topology import EVENTS_EXCHANGE, consumers_of
from hansom.events import Event, declare_consumer
from hansom.metrics import EVENTS_PUBLISHED
from services.analytics.domain.hints import Sent
from services.analytics.schemas import hinted_data


class HintEvents(DependencyProvider):
    """Gives a worker `tell(sent)`, which returns when the broker has every event. Raises BrokerUnavailable."""

    broker = Broker()

    def setup(self) -> None:
        self._service = self.container.service_name
        self._partitions = int(self.container.config["EVENT_PARTITIONS"])
        self.broker.declare(self._declare)

    def _declare(self, channel: amqp.Channel) -> None:
        channel.exchange_declare(EVENTS_EXCHANGE, "topic", durable=True, auto_delete=False)
        for consumer in consumers_of(self._service):
            declare_consumer(channel, consumer, self.container.config)

    def get_dependency(self, worker_ctx: Any) -> HintEvents:
        return self

    def __call__(self, sent: Sequence[Sent]) -> None:
        self.broker.publish_many([self._event(each).to_message(self._partitions) for each in sent])
        EVENTS_PUBLISHED.labels(self._service).inc(len(sent))

    def _event(self, sent: Sent) -> Event:
        data = dict(hinted_data(sent))
        return Event(sent.event_id, "demand_hinted", 1, sent.at, self._service, sent.hint.driver_id, data)
