"""The client processes of the location bench, and talking to them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import gevent
import orjson
from gevent.event import AsyncResult
from gevent.fileobject import FileObjectPosix

from bench.load.cars import Box
from bench.load.enrol import People, Person

REPOSITORY = Path(__file__).resolve().parents[2]
SOCKETS_OF_A_PROCESS = 14_000
ANSWER_S = 1200.0


class Fleet:
    """Senders that share the people among them: `with Fleet(...) as fleet`."""

    def __init__(
        self, host: tuple[str, int], people: People, box: Box, *, step_m: float, redis: str, seed: int
    ) -> None:
        count = max(2, -(-(len(people.drivers) + len(people.riders)) // SOCKETS_OF_A_PROCESS))
        self._folder = tempfile.TemporaryDirectory(prefix="hansom-bench-")
        self._drivers = [people.drivers[number::count] for number in range(count)]
        riders = {person.trip_id: person for person in people.riders}
        self._processes: list[_Sender] = []
        for number, drivers in enumerate(self._drivers):
            members = Path(self._folder.name) / f"{number}.json"
            mine = [riders[driver.trip_id] for driver in drivers if driver.trip_id]
            members.write_bytes(orjson.dumps({"drivers": _rows(drivers), "riders": _rows(mine)}))
            task = {"host": host[0], "port": host[1], "number": number, "seed": seed, "redis": redis, "step_m": step_m}
            sources = [f"127.0.0.{16 * (number + 1) + each}" for each in range(4)]
            box_row = [box.south, box.west, box.north, box.east]
            self._processes.append(_Sender({**task, "sources": sources, "box": box_row, "members": str(members)}))

    def __enter__(self) -> Fleet:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.end()
        self._folder.cleanup()

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._processes]

    def connect(self, drivers: int) -> dict[str, Any]:
        """Have so many drivers connected in all; gives `{"connected", "problems"}`."""
        shares = _shares(drivers, [len(each) for each in self._drivers])
        answers = self._all("connect", [{"drivers": share} for share in shares])
        return {
            "connected": sum(answer["connected"] for answer in answers),
            "problems": [problem for answer in answers for problem in answer["problems"]],
        }

    def drive(
        self,
        rate: float,
        seconds: float,
        *,
        probes_a_second: float = 20.0,
        on_tick: Callable[[int], None] | None = None,
    ) -> dict[str, Any]:
        """Positions at `rate` a second in all; what was sent and seen, of all processes together."""
        count = len(self._processes)
        each = {
            "rate": rate / count,
            "seconds": seconds,
            "probe_every": max(1, round(rate / probes_a_second)),
        }
        return _joined(self._all("drive", [each] * count, on_tick))

    def echo(self, sockets: int, seconds: float, method: str, size: int, host: tuple[str, int]) -> dict[str, Any]:
        """Answers a second from another server, asked by all client processes."""
        count = len(self._processes)
        each = {
            "sockets": sockets // count,
            "seconds": seconds,
            "method": method,
            "size": size,
            "host": host[0],
            "port": host[1],
        }
        answers = self._all("echo", [each] * count)
        return {
            "answers_a_second": round(sum(answer["answers_a_second"] for answer in answers), 1),
            "refused": sum(answer["refused"] for answer in answers),
            "problems": [problem for answer in answers for problem in answer["problems"]],
        }

    def stop(self) -> None:
        """End a drive before its time."""
        for process in self._processes:
            process.write({"do": "stop"})

    def _all(
        self, what: str, orders: Sequence[dict[str, Any]], on_tick: Callable[[int], None] | None = None
    ) -> list[dict[str, Any]]:
        sent = [0] * len(self._processes)

        def ticked(number: int, tick: dict[str, Any]) -> None:
            sent[number] = tick["sent"]
            if on_tick is not None:
                on_tick(sum(sent))

        waiting = []
        for number, (process, order) in enumerate(zip(self._processes, orders, strict=True)):
            process.on_tick = partial(ticked, number)
            waiting.append(process.order(what, order))
        return [answer.get(timeout=ANSWER_S) for answer in waiting]


class _Sender:
    """One client process."""

    def __init__(self, task: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "bench.load.sender"],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.pid = self._process.pid
        self.on_tick: Callable[[dict[str, Any]], None] = lambda tick: None
        self._answers: dict[str, AsyncResult] = {"ready": AsyncResult()}
        gevent.spawn(self._read)
        self.write(task)
        self._answers["ready"].get(timeout=60)

    def write(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(orjson.dumps(message) + b"\n")
        self._process.stdin.flush()

    def order(self, what: str, order: dict[str, Any]) -> AsyncResult:
        answer = self._answers[what] = AsyncResult()
        self.write({"do": what, **order})
        return answer

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in FileObjectPosix(self._process.stdout, "rb"):
            message = orjson.loads(line)
            if "tick" in message:
                self.on_tick(message["tick"])
            else:
                self._answers[message.pop("done")].set(message)
        for answer in self._answers.values():
            if not answer.ready():
                answer.set_exception(RuntimeError("a client process ended"))

    def end(self) -> None:
        try:
            self.write({"do": "exit"})
            self._process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait(10)


def _rows(people: Sequence[Person]) -> list[list[str]]:
    return [[person.id, person.token, person.trip_id] for person in people]


def _shares(total: int, most: Sequence[int]) -> list[int]:
    """`total` split evenly, none above its bound."""
    whole = sum(most)
    return [min(bound, -(-total * bound // whole)) for bound in most]


def _joined(answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    trip_sent: Counter[str] = Counter()
    for answer in answers:
        counts.update(answer["counts"])
        trip_sent.update(answer["trip_sent"])
    return {
        "sent": sum(answer["sent"] for answer in answers),
        "held": sum(answer["held"] for answer in answers),
        "never_searchable": sum(answer["never_searchable"] for answer in answers),
        "moves_by_rider": sum(answer["moves_by_rider"] for answer in answers),
        "late": [value for answer in answers for value in answer["late"]],
        "searchable": [tuple(pair) for answer in answers for pair in answer["searchable"]],
        "moves": [value for answer in answers for value in answer["moves"]],
        "counts": counts,
        "trip_sent": trip_sent,
    }
