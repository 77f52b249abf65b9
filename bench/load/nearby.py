"""Riders who look for cars near them over HTTP while those move."""

from __future__ import annotations

import time
from collections import Counter
from http.client import HTTPConnection, HTTPException
from typing import Any

import gevent
import orjson

from bench import report
from bench.load.cars import Box, seeded
from bench.load.enrol import Person


class Askers:
    """Asks `GET /v1/drivers/nearby` from points all over the area, on a timetable."""

    def __init__(self, host: tuple[str, int], riders: list[Person], box: Box, seed: int) -> None:
        self._host, self._riders, self._box = host, riders, box
        self._rng = seeded(seed, "nearby")
        self._times: list[float] = []
        self._outcomes: Counter[str] = Counter()
        self._cars = 0

    def ask(self, rate: float, seconds: float) -> dict[str, Any]:
        """Times of the answers from when each question was due, what they were, and how many cars each gave."""
        began = time.monotonic()
        asking = []
        for number in range(int(rate * seconds)):
            gevent.sleep(max(0.0, began + number / rate - time.monotonic()))
            asking.append(gevent.spawn(self._one, began + number / rate))
        gevent.joinall(asking, timeout=30)
        answers = self._outcomes["200"]
        return {
            "asked_a_second": rate,
            "http_ms": report.quantiles(self._times),
            "answers": dict(self._outcomes),
            "cars_an_answer": round(self._cars / answers, 1) if answers else None,
        }

    def _one(self, due: float) -> None:
        rider, box, rng = self._rng.choice(self._riders), self._box, self._rng
        lat, lng = rng.uniform(box.south, box.north), rng.uniform(box.west, box.east)
        connection = HTTPConnection(*self._host, timeout=20)
        try:
            headers = {"Authorization": f"Bearer {rider.token}"}
            connection.request("GET", f"/v1/drivers/nearby?lat={lat:.6f}&lng={lng:.6f}", headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            self._outcomes[str(answer.status)] += 1
            self._times.append(time.monotonic() - due)
            if answer.status == 200:
                self._cars += len(orjson.loads(body)["items"])
        except (OSError, HTTPException) as exc:
            self._outcomes[type(exc).__name__] += 1
        finally:
            connection.close()
