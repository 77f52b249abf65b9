"""A gateway on a free port, with the services behind it played."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import requests
from nameko.containers import ServiceContainer

from hansom.amqp import Broker, Outgoing, connect
from hansom.contracts.gateway import FRAMES_QUEUE
from hansom.ids import new_id
from hansom.rpc import ServiceClient
from hansom.stack.ports import free_port
from hansom.tokens import make_access_token
from services.gateway.service import GatewayService
from services.gateway.socket.buffer import PositionBuffer
from services.gateway.socket.presence import Presence
from tests.support.gateway_players import Played, players

Json = dict[str, Any]


class GatewayWorld:
    """A gateway that has started, and what is needed to look at it from all sides."""

    def __init__(self, config: Json, **settings: Any) -> None:
        own = {"WEB_SERVER_ADDRESS": f"127.0.0.1:{free_port()}", "PRESENCE_REFRESH_S": 0.5}
        self.config = {**config, **own, **settings}
        self.played, suffix = Played(), f"-{uuid4().hex[:8]}"
        self.name_queue = f"test.positions{suffix}.{{}}".format
        self.containers = [ServiceContainer(player, self.config) for player in players(self.played, suffix)]
        self.container = ServiceContainer(GatewayService, self.config)
        for extension in self.container.extensions:
            if isinstance(extension, ServiceClient):
                extension.service += suffix
            if isinstance(extension, PositionBuffer):
                extension.name_queue = self.name_queue
        for container in [*self.containers, self.container]:
            container.start()
        self.presence = next(each for each in self.container.extensions if isinstance(each, Presence))
        self.address = self.config["WEB_SERVER_ADDRESS"]
        self.url = f"http://{self.address}"
        self.broker = Broker()
        self.broker.open(self.config["AMQP_URI"], "test")

    def close(self) -> None:
        for container in [self.container, *self.containers]:
            container.kill()
        self.broker.stop()
        connection = connect(self.config["AMQP_URI"])
        channel = connection.channel()
        for queue in self.queues:
            channel.queue_delete(queue)
        connection.close()

    @property
    def queues(self) -> list[str]:
        """Of positions, one a partition."""
        return [self.name_queue(partition) for partition in range(int(self.config["LOCATION_PARTITIONS"]))]

    def positions(self) -> list[list[Any]]:
        """The rows that wait for `location`; taken out."""
        connection = connect(self.config["AMQP_URI"])
        try:
            channel = connection.channel()
            rows: list[list[Any]] = []
            for queue in self.queues:
                while (message := channel.basic_get(queue, no_ack=True)) is not None:
                    rows += json.loads(message.body)["positions"]
            return rows
        finally:
            connection.close()

    def token(self, role: str = "rider", user_id: str = "", session_id: str = "", age_s: float = 0) -> str:
        issued_at = datetime.fromtimestamp(datetime.now(UTC).timestamp() - age_s, UTC)
        return make_access_token(
            self.config,
            user_id=user_id or new_id(),
            role=role,
            session_id=session_id or new_id(),
            token_id="t",
            issued_at=issued_at,
        )

    def call(self, method: str, path: str, token: str = "", **more: Any) -> requests.Response:
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **more.pop("headers", {})}
        return requests.request(method, self.url + path, headers=headers, timeout=20, **more)

    def send_events(self, user_id: str, *seqs: int) -> None:
        """What `notifications` would publish: `told` events with these numbers (0: not numbered)."""
        self.send_frames([[user_id, "told", {"n": seq}, seq or None] for seq in seqs])

    def send_frames(self, frames: list[list[Any]]) -> None:
        body = json.dumps({"frames": frames}).encode()
        queue = FRAMES_QUEUE.format(gateway_id=self.presence.gateway_id)
        self.broker.publish(Outgoing("", queue, body, persistent=False))

    def append(self, user_id: str, count: int) -> None:
        """Let the user's stream grow."""
        stream = self.played.streams[user_id]
        for _ in range(count):
            seq = len(stream) + 1
            stream.append({"seq": seq, "event": "told", "data": {"n": seq}, "at": "2026-03-02T12:00:00.000Z"})
