"""One client process of the location bench: many drivers' sockets and riders', told what to do by lines of JSON.

Started by `bench.load.fleet`, several of them where one process may not open enough files. Commands come on stdin,
answers go to stdout: `connect`, `drive` (an open-loop timetable), `echo` (as fast as answers come), `stop`, `exit`.
"""

# ruff: noqa: E402
from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import gc
import sys
import time
from array import array
from collections import Counter
from typing import Any

import gevent
import orjson
from gevent.fileobject import FileObjectPosix

from bench.load.cars import Box, Car, echo_frame, now_text, random_phase, seeded
from bench.load.lines import Line, connect_all
from bench.load.watch import Moves, Searchable

TICK_S = 0.004
AT_ONCE = 48
LATE_KEPT = 40_000
DRAIN_S = 15.0
PROGRESS_S = 1.0


class Sender:
    """The sockets of this process and what they do."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.host = (task["host"], int(task["port"]))
        self.sources: list[str] = task["sources"]
        self.counts: Counter[str] = Counter()
        self.rng = seeded(task["seed"], "sender", task["number"])
        self.moves = Moves()
        self.searchable = Searchable(task["redis"])
        self._stop = False
        self._box, self._step_m = Box(*task["box"]), float(task["step_m"])
        with open(task["members"], "rb") as file:
            self._members = orjson.loads(file.read())
        self.cars: list[Car] = []
        self.lines: dict[str, tuple[Line, str]] = {}
        self.trip_sent: Counter[str] = Counter()

    def connect(self, drivers: int) -> dict[str, Any]:
        """Open drivers' sockets until there are so many, and after the last one all riders'."""
        wanted = []
        for driver_id, token, trip_id in self._members["drivers"][len(self.cars) : drivers]:
            self.cars.append(Car(driver_id, trip_id, self._box, self._step_m, self.rng))
            wanted.append((self._line(driver_id, token), token))
        if len(self.cars) == len(self._members["drivers"]):
            for rider_id, token, _ in self._members["riders"]:
                if rider_id not in self.lines:
                    line = self._line(rider_id, token)
                    line.on_frame = self.moves.hear
                    wanted.append((line, token))
        problems = connect_all(wanted, AT_ONCE)
        gc.collect()
        gc.freeze()  # what stays need not be looked at by every collection
        return {"connected": sum(line.open for line, _ in self.lines.values()), "problems": problems[:5]}

    def _line(self, user_id: str, token: str) -> Line:
        line = Line(self.host, self.sources[len(self.lines) % len(self.sources)], self.counts)
        self.lines[user_id] = (line, token)
        return line

    def drive(self, rate: float, seconds: float, probe_every: int) -> dict[str, Any]:
        """Positions on a timetable, `rate` a second over all cars in turn, whether the server keeps up or not."""
        self._stop = False
        self.counts.clear()
        self.moves.start_over()
        self.searchable.start_over()
        order = random_phase(self.rng, self.cars)
        lines = [self.lines[car.id][0] for car in order]
        keeping = gevent.spawn(self._keep_open)
        late, sent = self._run(order, lines, rate, seconds, probe_every)
        until = time.monotonic() + DRAIN_S
        while any(line.held for line in lines) and time.monotonic() < until:
            gevent.sleep(0.05)
        self.searchable.wait(DRAIN_S)
        keeping.kill()
        return {
            "sent": sent,
            "counts": dict(self.counts),
            "late": list(late[:: max(1, len(late) // LATE_KEPT)]),
            "held": sum(line.held for line in lines),
            "searchable": self.searchable.found,
            "never_searchable": len(self.searchable.waiting),
            "moves": self.moves.found,
            "moves_by_rider": len(self.moves.heard),
            "trip_sent": dict(self.trip_sent),
        }

    def _run(
        self, order: list[Car], lines: list[Line], rate: float, seconds: float, probe_every: int
    ) -> tuple[array[float], int]:
        late, number, sent, cars = array("d"), 0, 0, len(order)
        total, began = int(rate * seconds), time.monotonic()
        told_at = began
        while number < total and not self._stop:
            due = min(total, int((time.monotonic() - began) * rate))
            at = now_text(now_s := time.time())
            while number < due:
                car, line = order[number % cars], lines[number % cars]
                number += 1
                if not line.open:
                    self.counts["skipped"] += 1
                    continue
                car.move()
                late.append(time.monotonic() - began - number / rate)
                if not line.send(car.report(at)):
                    continue
                sent += 1
                if car.trip_id:
                    self.trip_sent[car.trip_id] += 1
                    self.moves.sent(car, now_s)
                if number % probe_every == 0:
                    self.searchable.expect(car.id, car.seq, time.time())
            if time.monotonic() - told_at >= PROGRESS_S:
                told_at = time.monotonic()
                tell({"tick": {"sent": sent, "lost": self.counts["lost"], "waiting": len(self.searchable.waiting)}})
            gevent.sleep(TICK_S)
        return late, sent

    def _keep_open(self) -> None:
        """Lost sockets come back, as an app's do."""
        while True:
            gevent.sleep(1.0)
            gone = [(line, token) for line, token in self.lines.values() if not line.open]
            if gone:
                connect_all(gone, AT_ONCE)
                self.counts["reconnected"] += sum(line.open for line, _ in gone)

    def echo(self, *, host: str, port: int, sockets: int, seconds: float, method: str, size: int) -> dict[str, Any]:
        """Each socket sends again when its answer is there: what another server can do."""
        lines = [Line((host, port), self.sources[0], Counter()) for _ in range(sockets)]
        problems = connect_all([(line, None) for line in lines], AT_ONCE)
        answers = Counter[str]()
        box, rng = self._box, self.rng
        for number, line in enumerate(lines):
            car = Car(f"plain-{number}", "", box, self._step_m, rng)
            line.on_frame = _Again(line, car, method, size, answers).hear
            if line.open:
                line.on_frame({})
        gevent.sleep(0.5)
        before, began = Counter(answers), time.monotonic()
        gevent.sleep(seconds)
        lasted_s, after = time.monotonic() - began, Counter(answers)
        for line in lines:
            line.close()
        answered = after["ok"] - before["ok"]
        return {
            "answers_a_second": answered / lasted_s,
            "refused": after["refused"] - before["refused"],
            "problems": problems[:5],
        }

    def stop(self) -> None:
        self._stop = True


class _Again:
    """Sends the next frame of one socket whenever an answer has come."""

    def __init__(self, line: Line, car: Car, method: str, size: int, answers: Counter[str]) -> None:
        self._line, self._car, self._method, self._answers = line, car, method, answers
        self._echo = echo_frame(size) if method == "echo" else b""

    def hear(self, frame: dict[str, Any]) -> None:
        if frame.get("type") == "event":
            return
        if frame:
            self._answers["ok" if frame.get("success") else "refused"] += 1
        if self._echo:
            self._line.send(self._echo)
        else:
            self._car.move()
            self._line.send(self._car.report(now_text(time.time())))


def tell(message: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(message, option=orjson.OPT_NON_STR_KEYS) + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    commands = FileObjectPosix(sys.stdin.buffer, "rb")
    sender = Sender(orjson.loads(commands.readline()))
    tell({"done": "ready"})
    for line in commands:
        order = orjson.loads(line)
        what = order.pop("do")
        if what == "exit":
            return
        if what == "stop":
            sender.stop()
        else:
            gevent.spawn(_obey, sender, what, order)


def _obey(sender: Sender, what: str, order: dict[str, Any]) -> None:
    tell({"done": what, **getattr(sender, what)(**order)})


if __name__ == "__main__":
    main()
