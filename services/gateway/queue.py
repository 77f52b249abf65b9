"""The gateway's own queue: events for the users who are connected here."""

from __future__ import annotations

from typing import Any

import amqp
from nameko.extensions import DependencyProvider

from hansom.consumer import QueueReader
from hansom.contracts.gateway import FRAMES_QUEUE
from services.gateway.socket.presence import Presence
from services.gateway.socket.server import SocketServer

QUEUE_MAX_LENGTH = 20_000
QUEUE_EXPIRES_MS = 60_000
"""A queue that nobody reads goes away by itself: its gateway has died."""


class FramesReader(QueueReader):
    """Entrypoint: a method that takes messages `{"frames": [[user_id, event, data, seq], ...]}`.

    What is lost here (a full queue, a broken connection) is in the streams, and fetched from there.
    """

    presence = Presence()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(self._declare, batch_size=500, linger_ms=0, parks=False, acks=False, **kwargs)

    def _declare(self, channel: amqp.Channel, config: dict[str, Any]) -> list[str]:
        name = FRAMES_QUEUE.format(gateway_id=self.presence.gateway_id)
        channel.queue_declare(
            name,
            durable=False,
            exclusive=False,
            auto_delete=False,
            arguments={"x-expires": QUEUE_EXPIRES_MS, "x-max-length": QUEUE_MAX_LENGTH, "x-overflow": "drop-head"},
        )
        return [name]


read_frames = FramesReader.decorator


class Sockets(DependencyProvider):
    """Gives a worker the socket server of this process."""

    server = SocketServer()

    def get_dependency(self, worker_ctx: Any) -> SocketServer:
        return self.server
