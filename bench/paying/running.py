"""The service under test in a process of its own that can be killed, and what it hears and tells in RabbitMQ."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import amqp
import orjson
import yaml

from bench.paying.books import Settings
from bench.paying.process import EAR, SERVICE, TRIPS, TRIPS_FILE
from hansom.amqp import BROKEN, Outgoing, connect
from hansom.contracts.topology import event_queue, parked_queue
from hansom.events import declare_consumer, declare_parked
from hansom.settings import REPOSITORY

CLASSES = ("bench.paying.process:PaymentsBenched", "bench.paying.process:TripsStandIn")
CONFIRMED_WITHIN_S = 10.0
RECONNECT_S = 0.2


class Running:
    """`with Running(settings, trips) as service:`, up until the end of the block but for `kill` and `start`."""

    def __init__(self, settings: Settings, trips: dict[str, Any]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="hansom-bench-money-")
        self._config = Path(self._folder.name) / "config.yaml"
        self._config.touch(mode=0o600)
        # its warnings are part of being killed: what it says is kept for when it does not come back
        quiet = {"version": 1, "disable_existing_loggers": True, "root": {"level": "ERROR"}}
        self._config.write_text(yaml.safe_dump({**settings, "LOGGING": quiet}), encoding="utf-8")
        known = Path(self._folder.name) / "trips.json"
        known.write_bytes(orjson.dumps(trips))
        self._environment = {**os.environ, TRIPS_FILE: str(known), "PYTHONPATH": str(REPOSITORY)}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Running:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._folder.cleanup()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        nameko = str(Path(sys.executable).parent / "nameko")
        command = [sys.executable, "-W", "ignore", nameko, "run", "--config", str(self._config), *CLASSES]
        with open(Path(self._folder.name) / "log", "ab") as log:
            self._process = subprocess.Popen(
                command, cwd=REPOSITORY, env=self._environment, stdout=log, stderr=subprocess.STDOUT
            )

    def kill(self) -> None:
        """SIGKILL: no goodbye to anybody."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)

    def keep_up(self) -> bool:
        """Start it again if it ended by itself, as the supervisor of a stack would; gives whether it had."""
        if self._process is None or self._process.poll() is None:
            return False
        self.start()
        return True

    def last_words(self) -> str:
        """The end of its log, for who wants to know why it does not run."""
        return (Path(self._folder.name) / "log").read_text(encoding="utf-8", errors="replace")[-2000:]


class Mouth:
    """Publishes with confirms, and publishes again what was not confirmed: repeats are the receiver's business."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._connection: amqp.Connection | None = None
        self._channel: Any = None
        self.broken = 0
        """How often the connection was lost."""

    def say(self, messages: Sequence[Outgoing]) -> None:
        """Returns when the broker has them all, however long it is away."""
        while True:
            try:
                channel = self._open()
                for message in messages:
                    channel.basic_publish_confirm(
                        message.frame(), message.exchange, message.routing_key, confirm_timeout=CONFIRMED_WITHIN_S
                    )
                return
            except BROKEN:
                self.broken += 1
                self.close()
                time.sleep(RECONNECT_S)

    def _open(self) -> Any:
        if self._channel is None:
            self._connection = connect(self._uri)
            self._channel = self._connection.channel()
            self._channel.confirm_select()
        return self._channel

    def close(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            try:
                connection.close()
            except BROKEN:
                return


def queues_made(config: Settings) -> None:
    """Declare what the service hears and what hears the service, empty."""
    with connect(config["AMQP_URI"]) as connection:
        channel = connection.channel()
        for consumer in (SERVICE, EAR):
            for queue in (*declare_consumer(channel, consumer, config), declare_parked(channel, consumer, config)):
                channel.queue_purge(queue)


def queues_gone(config: Settings) -> None:
    """Remove them, and the queues of calls that Nameko made."""
    with connect(config["AMQP_URI"]) as connection:
        channel = connection.channel()
        for consumer in (SERVICE, EAR):
            for partition in range(int(config["EVENT_PARTITIONS"])):
                channel.queue_delete(event_queue(consumer, partition))
            channel.queue_delete(parked_queue(consumer))
        for service in (SERVICE, TRIPS):
            channel.queue_delete(f"rpc-{service}")


def has_queue(config: Settings, name: str) -> bool:
    """Whether somebody has declared it."""
    with connect(config["AMQP_URI"]) as connection:
        try:
            connection.channel().queue_declare(name, passive=True)
        except amqp.NotFound:
            return False
        return True


def waiting(config: Settings, consumer: str) -> int:
    """Messages in a consumer's queues that nobody has taken, parked ones too."""
    with connect(config["AMQP_URI"]) as connection:
        channel = connection.channel()
        names = [event_queue(consumer, partition) for partition in range(int(config["EVENT_PARTITIONS"]))]
        declared = [channel.queue_declare(name, passive=True) for name in (*names, parked_queue(consumer))]
        return sum(each.message_count for each in declared)


def heard(config: Settings) -> list[dict[str, Any]]:
    """Everything the service has told: `{event_id, type, data, ...}`, in no order, repeats and all."""
    found = []
    with connect(config["AMQP_URI"]) as connection:
        channel = connection.channel()
        for partition in range(int(config["EVENT_PARTITIONS"])):
            while (message := channel.basic_get(event_queue(EAR, partition), no_ack=True)) is not None:
                found.append(orjson.loads(message.body))
    return found
