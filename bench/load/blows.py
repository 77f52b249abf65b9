"""Blows to a stack under load, and how long each is felt: location killed, RabbitMQ restarted, Redis emptied."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import gevent
from redis import Redis

from bench.load.felt import felt
from bench.load.stage import Stage
from hansom.stack.home import Home
from hansom.stack.supervision import Supervisor

PROBES_A_SECOND = 100.0
LOOKED_AT = 1000
BACK_WITHIN_S = 60.0
WHOLE = 0.999
"""Of the drivers looked at, listed again in a segment: Redis is right. One in a thousand may be between two reports."""


def kill_and_restart(stage: Stage, home: str, rate: float, seconds: float) -> dict[str, Any]:
    """location's processes are killed (-9) after a quarter of the time and RabbitMQ is restarted after the half."""
    supervisor = Supervisor(Home(Path(home)))
    blows: list[tuple[str, float]] = []
    away_s: list[float] = []

    def strike() -> None:
        gevent.sleep(seconds * 0.25)
        pids = stage.processes.pids("roads")
        blows.append(("location killed", time.time()))
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        stage.say(f"  location killed ({len(pids)} processes)")
        gevent.sleep(seconds * 0.25)
        blows.append(("RabbitMQ restarted", time.time()))
        supervisor.stop_process("rabbitmq")
        supervisor.start_process("rabbitmq", wait=False)
        _wait_listening(stage.environment["AMQP_URI"])
        away_s.append(time.time() - blows[-1][1])
        stage.say(f"  RabbitMQ restarted: it listens again after {away_s[0]:.1f} s")

    row = stage.drive(rate, seconds, during=strike, probes_a_second=PROBES_A_SECOND)
    ends = [at for _, at in blows[1:]] + [float("inf")]
    row["blows"] = {name: felt(row["_searchable"], at, until) for (name, at), until in zip(blows, ends, strict=True)}
    row["rabbitmq_listens_again_s"] = round(away_s[0], 2) if away_s else None
    return row


def _wait_listening(uri: str) -> None:
    parts = urlsplit(uri)
    until = time.monotonic() + BACK_WITHIN_S
    while time.monotonic() < until:
        try:
            socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 5672), 1).close()
            return
        except OSError:
            gevent.sleep(0.05)


def empty_redis(stage: Stage, rate: float, seconds: float, seed: int) -> dict[str, Any]:
    """FLUSHALL after a quarter of the time; when the drivers are in their segments again."""
    rng = Random(f"{seed}:emptied")
    looked_at = rng.sample([person.id for person in stage.people.drivers], min(LOOKED_AT, len(stage.people.drivers)))
    curve: list[tuple[float, float]] = []

    def strike() -> None:
        gevent.sleep(seconds * 0.25)
        listed_before = listed(stage.redis, looked_at)
        stage.redis.flushall()
        emptied_at = time.monotonic()
        stage.say(f"  Redis emptied; {listed_before:.1%} of drivers were in a segment before")
        _wait(lambda: listed(stage.redis, looked_at), emptied_at, curve)

    row = stage.drive(rate, seconds, during=strike)
    back = [at for at, share in curve if share >= WHOLE]
    row["right_again_s"] = round(back[0], 2) if back else None
    row["listed_after"] = [[round(at, 1), round(share, 4)] for at, share in curve[:: max(1, len(curve) // 12)]]
    return row


def _wait(look: Callable[[], float], since: float, curve: list[tuple[float, float]]) -> None:
    while time.monotonic() - since < BACK_WITHIN_S:
        share = look()
        curve.append((time.monotonic() - since, share))
        if share >= WHOLE:
            return
        gevent.sleep(0.2)


def listed(redis: Redis, driver_ids: Sequence[str]) -> float:
    """The share of these drivers that live state has in a segment."""
    pipeline = redis.pipeline(transaction=False)
    for driver_id in driver_ids:
        pipeline.hget(f"location:driver:{driver_id}", "listed")
    return sum(bool(each) for each in pipeline.execute()) / max(1, len(driver_ids))
