"""What location publishes: points of traces, for sure; moves of cars, when there is somebody to hear them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import amqp
import orjson
from nameko.extensions import DependencyProvider

from hansom.amqp import Broker, Outgoing
from hansom.consumer import durable_queue
from hansom.contracts.location import Move
from hansom.contracts.topology import MOVES_EXCHANGE

MOVES_KEY = "moves"
POINTS_AT_ONCE = 500


class Publisher:
    """Publishes for one service."""

    def __init__(self, broker: Broker, traces_queue: str) -> None:
        self._broker, self._traces_queue = broker, traces_queue

    def trace(self, rows: Sequence[Sequence[Any]], marks: Sequence[Sequence[Any]] = ()) -> None:
        """Put points of traces, and marks, in their queue; they are safe there when this returns.

        Raises BrokerUnavailable.
        """
        pieces = [{"points": piece} for piece in _pieces(rows)] + [{"marks": piece} for piece in _pieces(marks)]
        self._broker.publish_many(Outgoing("", self._traces_queue, orjson.dumps(piece)) for piece in pieces)

    def moves(self, moves: Sequence[Move]) -> None:
        """Tell who listens where cars are now. Raises BrokerUnavailable."""
        body = orjson.dumps({"moves": [move.as_dict() for move in moves]})
        self._broker.publish(Outgoing(MOVES_EXCHANGE, MOVES_KEY, body, persistent=False))


def _pieces(rows: Sequence[Any]) -> list[Sequence[Any]]:
    return [rows[first : first + POINTS_AT_ONCE] for first in range(0, len(rows), POINTS_AT_ONCE)]


class Outgoings(DependencyProvider):
    """Gives a worker the publisher: `outgoing = Outgoings()`."""

    broker = Broker()

    def setup(self) -> None:
        self.traces_queue = f"{self.container.service_name}.traces"
        self.broker.declare(self._declare)

    def _declare(self, channel: amqp.Channel) -> None:
        channel.exchange_declare(MOVES_EXCHANGE, "fanout", durable=True, auto_delete=False)
        durable_queue(self.traces_queue)(channel, self.container.config)

    def get_dependency(self, worker_ctx: Any) -> Publisher:
        return Publisher(self.broker, self.traces_queue)
