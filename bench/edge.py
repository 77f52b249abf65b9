"""The gateway alone: CPU time for each position frame, memory for each socket, and how fast thousands of sockets come.

`./hansom bench edge --sockets 8000 --rate 4000 --seconds 15`: a gateway of its own beside the stack's servers, with the
services that it asks. This process has the clients, and RabbitMQ is the sink, emptied all the time.
"""

# ruff: noqa: E402
from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import argparse
import os
import random
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gevent
import psutil

from bench import report
from bench.load.cars import Box, Car, now_text
from bench.load.lines import Line, connect_all
from hansom.amqp import connect
from hansom.contracts.topology import positions_queue
from hansom.ids import new_id
from hansom.redis import live_redis
from hansom.settings import REPOSITORY, load_config
from hansom.stack.ports import free_port
from hansom.tokens import make_access_token

BOX = Box(60.16, 24.93, 60.18, 24.96)
START_S = 30.0
SETTLE_S = 3.0
ASKED = ("services.notifications.service:NotificationsService", "services.trips.service:TripsService")
AT_ONCE = 500


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, prog="hansom bench edge")
    parser.add_argument("--sockets", type=int, default=8000)
    parser.add_argument("--rate", type=float, default=4000, help="positions a second")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--profile", nargs=2, metavar=("PY_SPY", "FILE"), help="record where the gateway's time goes")
    options = parser.parse_args(arguments)
    found = run(options)
    rows = [(name.replace("_", " "), value) for name, value in found.items()]
    report.table("gateway", ("what", "measured"), rows)
    print(report.last_line("edge", options.seed, found))


def run(options: argparse.Namespace) -> dict[str, Any]:
    """The measured figures by name."""
    config = load_config()
    port = free_port()
    with _services(ASKED, port + 1), _services(("services.gateway.service:GatewayService",), port) as gateway:
        _await_port(port)
        emptying = gevent.spawn(_empty_queues, config)
        try:
            return _measure(options, config, psutil.Process(gateway.pid), port)
        finally:
            emptying.kill()


def _measure(options: argparse.Namespace, config: dict[str, Any], gateway: psutil.Process, port: int) -> dict[str, Any]:
    rng = random.Random(options.seed)
    tokens = _tokens(config, options.sockets)
    counts: Counter[str] = Counter()
    _warm(config, port, counts)
    before = gateway.memory_info().rss
    lines = [Line(("127.0.0.1", port), "127.0.0.1", counts) for _ in tokens]
    began, cpu_s, own_s = time.monotonic(), _cpu_s(gateway), time.process_time()
    problems = connect_all(list(zip(lines, tokens, strict=True)), AT_ONCE)
    connected_s, connect_cpu_s = time.monotonic() - began, _cpu_s(gateway) - cpu_s
    own_s = time.process_time() - own_s
    gevent.sleep(SETTLE_S)
    idle = gateway.memory_info().rss
    idle_share = _idle(gateway, 6.0)
    cars = [Car(new_id(), "", BOX, 40, rng) for _ in lines]
    cpu_s, before_taken = _cpu_s(gateway), _taken(port)
    with _profiled(options, gateway.pid):
        sent, drove_s = _drive(lines, cars, options.rate, options.seconds)
    spent_s = _cpu_s(gateway) - cpu_s
    taken = _taken(port, before_taken + sent) - before_taken
    return {
        "sockets": len(lines) - len(problems),
        "refused": len(problems),
        "connect_s": round(connected_s, 1),
        "connect_cpu_ms_each": round(connect_cpu_s / len(lines) * 1000, 2),
        "connect_client_cpu_ms_each": round(own_s / len(lines) * 1000, 2),
        "idle_kib_each": round((idle - before) / 1024 / len(lines), 2),
        "busy_kib_each": round((gateway.memory_info().rss - before) / 1024 / len(lines), 2),
        "idle_cpu_share": round(idle_share, 3),
        "sent": sent,
        "taken": taken,
        "positions_s": round(sent / drove_s),
        "frame_cpu_us": round(spent_s / sent * 1e6, 1),
        "frame_cpu_us_less_idle": round((spent_s - idle_share * drove_s) / sent * 1e6, 1),
    }


def _drive(lines: list[Line], cars: list[Car], rate: float, seconds: float) -> tuple[int, float]:
    """Each in turn, on an open timetable; gives how many were sent, in how many seconds."""
    began, sent = time.monotonic(), 0
    while (now := time.monotonic()) < began + seconds:
        at = now_text(time.time())
        while sent < (now - began) * rate:
            place = sent % len(lines)
            cars[place].move()
            lines[place].send(cars[place].report(at))
            sent += 1
        gevent.sleep(0.002)
    gevent.sleep(1)
    return sent, time.monotonic() - began


def _tokens(config: dict[str, Any], count: int) -> list[str]:
    """Of drivers whose sessions the gateway remembers as running."""
    session_ids = [new_id() for _ in range(count)]
    redis = live_redis(config)
    with redis.pipeline(transaction=False) as pipe:
        for session_id in session_ids:
            pipe.set(f"gateway:session:{session_id}", "active", ex=3600)
        pipe.execute()
    now = datetime.now(UTC)
    return [
        make_access_token(
            config, user_id=new_id(), role="driver", session_id=session_id, token_id=new_id(), issued_at=now
        )
        for session_id in session_ids
    ]


def _warm(config: dict[str, Any], port: int, counts: Counter[str]) -> None:
    """A few hundred come and go first: what the process needs once is not charged to a socket."""
    lines = [Line(("127.0.0.1", port), "127.0.0.1", counts) for _ in range(300)]
    deadline = time.monotonic() + START_S
    while problems := connect_all(list(zip(lines, _tokens(config, len(lines)), strict=True)), 50):
        if time.monotonic() > deadline:
            raise RuntimeError(f"the gateway lets nobody in: {problems[0]}")
    for line in lines:
        line.send(Car(new_id(), "", BOX, 40, random.Random(1)).report(now_text(time.time())))
    gevent.sleep(1)
    for line in lines:
        line.close()
    gevent.sleep(1)


def _idle(process: psutil.Process, seconds: float) -> float:
    cpu_s = _cpu_s(process)
    gevent.sleep(seconds)
    return (_cpu_s(process) - cpu_s) / seconds


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _taken(port: int, expected: int = 0) -> int:
    """Positions that the broker has confirmed; waits a while until it is as many as expected."""
    deadline, taken = time.monotonic() + START_S, 0
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith("positions_taken_total"):
                    taken = int(float(line.split()[1]))
        if taken >= expected:
            break
        gevent.sleep(0.2)
    return taken


def _empty_queues(config: dict[str, Any]) -> None:
    connection = connect(config["AMQP_URI"])
    channel = connection.channel()
    while True:
        gevent.sleep(0.5)
        for partition in range(int(config["LOCATION_PARTITIONS"])):
            channel.queue_purge(positions_queue(partition))


@contextmanager
def _services(classes: tuple[str, ...], port: int) -> Iterator[subprocess.Popen[bytes]]:
    nameko = Path(sys.executable).with_name("nameko")
    process = subprocess.Popen(
        [str(nameko), "run", "--config", str(REPOSITORY / "config.yaml"), *classes],
        env={**os.environ, "PORT": str(port)},
        cwd=REPOSITORY,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def _profiled(options: argparse.Namespace, pid: int) -> Iterator[None]:
    if not options.profile:
        yield
        return
    py_spy, file = options.profile
    command = [py_spy, "record", "--nonblocking", "-r", "200", "-f", "raw", "-o", file, "-p", str(pid)]
    recording = subprocess.Popen([*command, "-d", str(int(options.seconds))])
    yield
    recording.wait(60)


def _await_port(port: int) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        gevent.sleep(0.1)
    raise RuntimeError("the gateway did not start")


if __name__ == "__main__":
    main()
