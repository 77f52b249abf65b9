"""A bare Nameko service and a caller, to compare with: what one RPC over this broker costs, with nothing in it.

`python -m bench.load.echo --seconds 5` starts both in processes of their own and prints `{"rpc_a_second", ...}`.
The broker is `AMQP_URI`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import deque
from time import monotonic
from typing import Any

import eventlet
from nameko.rpc import rpc

AT_ONCE = 50
START_TIMEOUT_S = 20


class Echo:
    """Answers what it was asked."""

    name = "bench_echo"

    @rpc
    def echo(self, payload: dict[str, Any]) -> dict[str, Any]:
        return payload


def call_for(amqp_uri: str, seconds: float) -> dict[str, float]:
    """Calls with `AT_ONCE` requests on the way all the time; calls answered a second and the mean time of one alone."""
    from nameko.standalone.rpc import ClusterRpcProxy

    payload = {"trip_id": "0" * 32, "driver_id": "1" * 32}
    with ClusterRpcProxy({"AMQP_URI": amqp_uri, "serializer": "json"}, timeout=START_TIMEOUT_S) as cluster:
        cluster.bench_echo.echo(payload)
        started, alone = monotonic(), 0
        while monotonic() - started < min(1.0, seconds / 4):
            cluster.bench_echo.echo(payload)
            alone += 1
        alone_s = (monotonic() - started) / alone
        on_the_way = deque(cluster.bench_echo.echo.call_async(payload) for _ in range(AT_ONCE))
        started, answered = monotonic(), 0
        while monotonic() - started < seconds:
            on_the_way.popleft().result()
            on_the_way.append(cluster.bench_echo.echo.call_async(payload))
            answered += 1
        rate = answered / (monotonic() - started)
        while on_the_way:
            on_the_way.popleft().result()
    return {"rpc_a_second": round(rate, 1), "alone_ms": round(alone_s * 1000, 3)}


def measure(amqp_uri: str, seconds: float) -> dict[str, float]:
    """Starts the service, waits for its queue, calls it, and removes both. Raises RuntimeError when it never starts."""
    from kombu import Connection

    nameko = os.path.join(os.path.dirname(sys.executable), "nameko")
    service = subprocess.Popen(
        [nameko, "run", "--broker", amqp_uri, "bench.load.echo:Echo"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with Connection(amqp_uri) as connection:
            _wait_for_consumer(connection, service)
            found = call_for(amqp_uri, seconds)
            service.terminate()
            service.wait(10)
            connection.channel().queue_delete(f"rpc-{Echo.name}")
        return found
    finally:
        if service.poll() is None:
            service.kill()
            service.wait(10)


def _wait_for_consumer(connection: Any, service: subprocess.Popen[bytes]) -> None:
    give_up_at = monotonic() + START_TIMEOUT_S
    while monotonic() < give_up_at and service.poll() is None:
        try:
            if connection.channel().queue_declare(f"rpc-{Echo.name}", passive=True).consumer_count:
                return
        except connection.channel_errors:
            pass  # not declared yet; the broker closed that channel
        eventlet.sleep(0.1)
    raise RuntimeError("the bare Nameko service did not start")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    print(json.dumps(measure(os.environ["AMQP_URI"], parser.parse_args().seconds)))
