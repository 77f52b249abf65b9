"""What the servers counted themselves: Postgres transactions and rows, Redis commands, and RPCs and events by name.

RPCs and events are counted by a queue of our own bound to their exchanges, in a step that measures nothing else.
"""

from __future__ import annotations

import uuid
from collections import Counter

import gevent
import psycopg2
import redis
from kombu import Connection, Consumer, Exchange, Queue

TAPPED = ("nameko-rpc", "hansom.events")
TAP_MAX_LENGTH = 100_000


class Servers:
    """Counters of one stack's servers, from the addresses in its environment file."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment

    def counts(self) -> Counter[str]:
        """Totals since the servers started: `postgres_transactions`, `postgres_rows_written`, `redis_commands`."""
        found = Counter(self._postgres())
        client = redis.Redis.from_url(self._environment["REDIS_URI"])
        found["redis_commands"] = int(client.info("stats")["total_commands_processed"])
        client.close()
        return found

    def _postgres(self) -> dict[str, int]:
        connection = psycopg2.connect(f"{self._environment['POSTGRES_URI']}/postgres")
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT sum(xact_commit + xact_rollback), sum(tup_inserted + tup_updated + tup_deleted)"
                    " FROM pg_stat_database WHERE datname LIKE 'hansom_%'"
                )
                transactions, rows = cursor.fetchone() or (0, 0)
        finally:
            connection.close()
        return {"postgres_transactions": int(transactions or 0), "postgres_rows_written": int(rows or 0)}


class Tap:
    """Counts copies of every RPC request and event by routing key while it is open: `with Tap(uri) as tap`."""

    def __init__(self, amqp_uri: str) -> None:
        self._uri = amqp_uri
        self.seen: Counter[str] = Counter()
        self._open = True

    def __enter__(self) -> Tap:
        self._connection = Connection(self._uri, transport_options={"confirm_publish": False})
        self._channel = self._connection.channel()
        self._queues = []
        for name in TAPPED:
            if not self._exists(name):
                continue
            queue = Queue(
                f"bench-tap-{uuid.uuid4().hex}",
                exclusive=True,
                auto_delete=True,
                max_length=TAP_MAX_LENGTH,
                exchange=Exchange(name, type="topic", passive=True),
                routing_key="#",
                channel=self._channel,
            )
            queue.declare()
            self._queues.append(queue)
        self._greenlet = gevent.spawn(self._count)
        return self

    def __exit__(self, *_: object) -> None:
        self._open = False
        self._greenlet.join(timeout=5)
        self._connection.release()

    def _exists(self, exchange: str) -> bool:
        """A passive declaration; the broker closes the channel when there is none, so on a channel of its own."""
        channel = self._connection.channel()
        try:
            Exchange(exchange, type="topic", passive=True, channel=channel).declare()
        except self._connection.channel_errors:
            return False
        channel.close()
        return True

    def _count(self) -> None:
        def note(message: object) -> None:
            info = message.delivery_info  # type: ignore[attr-defined]
            self.seen[f"{info['exchange']} {info['routing_key']}"] += 1

        with Consumer(self._channel, self._queues, on_message=note, no_ack=True):
            while self._open:
                try:
                    self._connection.drain_events(timeout=0.3)
                except TimeoutError:
                    continue
