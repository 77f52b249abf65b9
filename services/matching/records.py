"""Decision records on their way to MongoDB: a durable queue of our own, so that writing them delays no rider, and
MongoDB may be down for as long as it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import amqp
import orjson
from eventlet import tpool
from nameko.extensions import DependencyProvider

from hansom.amqp import Broker, Outgoing
from hansom.consumer import durable_queue
from services.matching import record_schemas
from services.matching.domain.news import DriverNews
from services.matching.domain.pool import Answered
from services.matching.domain.waiting import WaitOver
from services.matching.usecases import ClosedBatch

Message = dict[str, Any]

RECORDS_A_MESSAGE = 50
"""Decisions sent in one message: about 450 kB with 30 drivers each."""

SEEN_A_MESSAGE = 500
"""What drivers were looked at for, in one message: about 450 kB with 10 trips each."""


def declare_records(channel: amqp.Channel, config: dict[str, Any]) -> list[str]:
    """The durable queue that keeps records until MongoDB has them."""
    return durable_queue(config["MATCHING_RECORDS_QUEUE"])(channel, config)


class RecordsQueue(DependencyProvider):
    """Gives a worker `usecases.Records`. What it puts is confirmed by the broker; raises BrokerUnavailable."""

    broker = Broker()

    def setup(self) -> None:
        self.queue = str(self.container.config["MATCHING_RECORDS_QUEUE"])
        self.broker.declare(self._declare)

    def _declare(self, channel: amqp.Channel) -> None:
        declare_records(channel, self.container.config)

    def get_dependency(self, worker_ctx: Any) -> RecordsQueue:
        return self

    def put_answers(self, answers: Sequence[Answered]) -> None:
        self._put([{"answers": [record_schemas.write_answer(each) for each in answers]}])

    def put_shifts(self, news: Sequence[DriverNews]) -> None:
        """Keep when drivers went online and offline."""
        self._put(_pieces("shifts", [record_schemas.write_shift(each) for each in news], SEEN_A_MESSAGE))

    def put_waits(self, over: Sequence[WaitOver]) -> None:
        """Keep how waits ended, and what was promised."""
        self._put(_pieces("waits", [record_schemas.write_wait(each) for each in over], SEEN_A_MESSAGE))

    def put_decisions(self, closed: ClosedBatch) -> None:
        # in a thread: of a thousand trips it takes half a second, in which the event loop has others to serve
        self._publish(tpool.execute(_write_decisions, closed))

    def _put(self, messages: list[Message]) -> None:
        self._publish([orjson.dumps(message) for message in messages])

    def _publish(self, bodies: list[bytes]) -> None:
        self.broker.publish_many([Outgoing("", self.queue, body) for body in bodies])


def _write_decisions(closed: ClosedBatch) -> list[bytes]:
    decisions = _pieces("decisions", record_schemas.write_decisions(closed), RECORDS_A_MESSAGE)
    seen = _pieces("seen", record_schemas.write_seen(closed), SEEN_A_MESSAGE)
    return [orjson.dumps(message) for message in (*decisions, *seen)]


def _pieces(name: str, rows: list[dict[str, Any]], most: int) -> list[Message]:
    return [{name: rows[start : start + most]} for start in range(0, len(rows), most)]
