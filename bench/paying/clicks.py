"""Calls that riders and operators make while everything is being killed: again and again until they are answered."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from kombu.exceptions import KombuError
from nameko.exceptions import MethodNotFound, RemoteError, RpcTimeout, UnknownService
from nameko.standalone.rpc import ClusterRpcProxy

from bench.paying.books import Settings
from bench.paying.process import SERVICE
from bench.paying.rides import CITY, RIDE, Story, money
from hansom.amqp import BROKEN
from hansom.contracts.errors import HansomError

UNHEARD = (*BROKEN, KombuError, RpcTimeout, UnknownService)
"""Nobody was there, or nobody answered."""

REFUSED = (RemoteError, HansomError, MethodNotFound)
"""Not now."""

TIMEOUT_S = 6
AUDIT_TIMEOUT_S = 120
PAUSE_S = 0.3
"""After a call that was not answered, before the next."""

TAPS = 2
"""Each call is made so many times, by people at the same time."""

OPS = {"user_id": "bench-ops", "role": "ops"}


@dataclass(frozen=True, slots=True)
class Click:
    """One call. `after`: not before this is true."""

    method: str
    payload: dict[str, Any]
    trip_id: str


def authorisations(stories: Iterable[Story]) -> list[Click]:
    """What is asked before a ride begins."""
    return [
        Click(
            "authorize_ride",
            {
                "trip_id": story.trip_id,
                "rider_id": story.rider_id,
                "city": CITY,
                "amount": money(story.to_pay_minor),
                "payment_method": story.method,
            },
            story.trip_id,
        )
        for story in stories
        if story.held
    ]


def clicks(stories: Iterable[Story]) -> list[Click]:
    """What is asked once it has been charged."""
    return [click for story in stories for click in _clicks_of(story)]


def _clicks_of(story: Story) -> Iterable[Click]:
    trip = {"trip_id": story.trip_id}
    if story.clicked and story.kind == RIDE:
        yield Click("charge_trip", story.told()[1], story.trip_id)
    if story.refund_minor:
        refund = {"amount_minor": story.refund_minor, "from_driver": story.from_driver, "reason": "It was cold."}
        yield Click("refund_trip", {**trip, **refund, "actor": OPS, **_key("refund", story)}, story.trip_id)
    if story.tip_minor:
        tip = {"rider_id": story.rider_id, "amount_minor": story.tip_minor, "payment_method": "card_ok"}
        yield Click("tip_trip", {**trip, **tip, **_key("tip", story)}, story.trip_id)
    if story.settles:
        settle = {"rider_id": story.rider_id, "payment_method": "card_ok"}
        yield Click("settle_debts", settle, story.trip_id)


def _key(what: str, story: Story) -> dict[str, Any]:
    return {"idempotency": {"scope": f"bench {what}", "key": story.trip_id, "fingerprint": what}}


class Clickers:
    """People who call until they are answered, each in a thread; `TAPS` of them make each call."""

    def __init__(self, config: Settings, is_ready: Callable[[Click], bool], seed: int) -> None:
        self._config, self._is_ready, self._seed = config, is_ready, seed
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._left: list[deque[Click]] = []
        self.answered: Counter[str] = Counter()
        self.unanswered: Counter[str] = Counter()
        """Calls that had to be made again, by what was said instead of an answer."""

    def start(self, wanted: Sequence[Click], people: int = 2) -> None:
        for person in range(people * TAPS):
            own = list(wanted[person % people :: people])
            Random(f"{self._seed}:{person}").shuffle(own)
            self._left.append(deque(own))
            thread = threading.Thread(target=self._click, args=(self._left[-1],), daemon=True)
            self._threads.append(thread)
            thread.start()

    @property
    def left(self) -> int:
        return sum(len(each) for each in self._left)

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(2 * TIMEOUT_S)

    def _click(self, left: deque[Click]) -> None:
        while left and not self._stopping.is_set():
            try:
                with ClusterRpcProxy(self._config, timeout=TIMEOUT_S) as cluster:
                    self._call_all(cluster, left)
            except UNHEARD as exc:
                self.unanswered[type(exc).__name__] += 1
                time.sleep(PAUSE_S)

    def _call_all(self, cluster: Any, left: deque[Click]) -> None:
        """Raises what `UNHEARD` names; what is left is not answered yet."""
        waited = 0
        while left and not self._stopping.is_set():
            click = left[0]
            if not self._is_ready(click):
                left.rotate(-1)
                waited += 1
                if waited >= len(left):
                    time.sleep(PAUSE_S)
                    waited = 0
                continue
            waited = 0
            try:
                getattr(cluster[SERVICE], click.method)(click.payload)
            except REFUSED as exc:
                why = getattr(exc, "exc_type", type(exc).__name__)
                self.unanswered[f"{click.method}: {why}"] += 1
                left.rotate(-1)
                time.sleep(PAUSE_S / 10)
                continue
            left.popleft()
            self.answered[click.method] += 1


def run_audit(config: Settings) -> dict[str, Any]:
    """What operators ask for: the whole audit, trips held against charges too."""
    with ClusterRpcProxy(config, timeout=AUDIT_TIMEOUT_S) as cluster:
        return dict(cluster[SERVICE].run_audit({}))
