"""Connections to the broker that an AMQP URI names, without Nameko and eventlet: the command line makes them too."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import amqp

PORT, TLS_PORT = 5672, 5671


def open_connection(
    uri: str,
    *,
    connect_timeout_s: float,
    read_timeout_s: float | None = None,
    heartbeat_s: int = 0,
    confirm_publish: bool = False,
    kind: type[amqp.Connection] = amqp.Connection,
) -> amqp.Connection:
    """A new open connection of this kind to `amqp[s]://user:password@host:port/virtual_host`, `guest` where it names
    nobody. Raises `amqp.AMQPError`, `OSError`.

    `read_timeout_s`: patience with each answer, None waits forever. `heartbeat_s`: 0 is none. `confirm_publish`:
    publishing waits for the broker's confirm.
    """
    parts = urlsplit(uri)
    is_tls = parts.scheme == "amqps"
    connection = kind(
        host=f"{parts.hostname or '127.0.0.1'}:{parts.port or (TLS_PORT if is_tls else PORT)}",
        userid=unquote(parts.username or "guest"),
        password=unquote(parts.password or "guest"),
        virtual_host=unquote(parts.path[1:]) or "/",
        ssl=is_tls,
        connect_timeout=connect_timeout_s,
        read_timeout=read_timeout_s,
        heartbeat=heartbeat_s,
        confirm_publish=confirm_publish,
    )
    connection.connect()
    return connection
