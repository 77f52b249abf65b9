"""Thousands of trips are paid for while messages come doubled, late and out of order, and everything is killed."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from bench.paying.books import Settings
from bench.paying.clicks import Click, Clickers, authorisations, clicks, run_audit
from bench.paying.hook import Hook
from bench.paying.process import SERVICE, TRIPS
from bench.paying.rides import CITY, Story, order_of_telling
from bench.paying.running import Mouth, Running, has_queue, queues_gone, queues_made, waiting
from hansom.amqp import BROKEN
from hansom.clock import SystemClock
from hansom.events import Event
from hansom.ids import new_id
from hansom.stack.home import current_home
from hansom.stack.testing import RunningStack

BLOWS = {"payments": 9, "postgres": 3, "rabbitmq": 3}
"""How often each is killed (-9)."""

SMALL = {"EVENT_BATCH_SIZE": 40, "PAYOUT_INTERVAL_S": 10}
"""Small batches and frequent payout runs, so that there are many moments to be hit in."""

AT_ONCE = 40
"""Messages published in a row."""

LOOK_S = 0.4
STARTS_WITHIN_S = 30.0
DONE_WITHIN_S = 300.0
PAID_WITHIN_S = 60.0

_QUIET = """
    SELECT (SELECT count(*) FROM charges WHERE state = 'pending')
         + (SELECT count(*) FROM refunds WHERE state = 'pending')
         + (SELECT count(*) FROM debt_payments WHERE state = 'pending')
         + (SELECT count(*) FROM holds WHERE state IN ('pending', 'held', 'needs_confirmation'))
         + (SELECT count(*) FROM payouts WHERE state = 'reserved')
         + (SELECT count(*) FROM outbox)
"""
"""What is still under way."""

_DUE = """
    SELECT count(*) FROM (
        SELECT FROM payout_lines WHERE payout_id IS NULL AND earned_on <= :until_day
         GROUP BY driver_id HAVING sum(amount_minor) >= :least) due
"""


@dataclass
class Seen:
    """What is known of the books, looked at all the time; between two looks they may be away."""

    engine: Engine
    answered: frozenset[str] = frozenset()
    away: int = 0

    def look(self) -> None:
        found = self.ask("SELECT trip_id FROM charges WHERE state <> 'pending' AND kind <> 'tip'")
        if found is not None:
            self.answered = frozenset(row[0] for row in found)

    def ask(self, statement: str, **values: Any) -> list[Any] | None:
        """None while PostgreSQL is away."""
        try:
            with self.engine.connect() as connection:
                return list(connection.execute(text(statement), values))
        except DBAPIError:
            self.away += 1
            return None


@dataclass
class Storm:
    """One run: `live` it, then look at what the books say."""

    config: Settings
    stories: Sequence[Story]
    seed: int
    seen: Seen
    say: Callable[[str], None]
    blows: dict[str, int] = field(default_factory=lambda: dict(BLOWS))
    struck: Counter[str] = field(default_factory=Counter)
    published: int = 0
    seconds: float = 0.0
    audit: dict[str, Any] = field(default_factory=dict)
    service: Running | None = None
    ended: int = 0
    """How often the service ended by itself when a server was gone, and was started again."""
    clickers: list[Clickers] = field(default_factory=list)

    def live(self) -> None:
        """Returns when all is answered, told and paid out. Raises TimeoutError, and says what was left."""
        began = time.monotonic()
        queues_made(self.config)
        trips = {story.trip_id: story.known_to_trips() for story in self.stories}
        with Hook(self.config) as hook, Running({**self.config, **SMALL, **hook.settings}, trips) as service:
            self.service = service
            mouth = Mouth(self.config["AMQP_URI"])
            try:
                self._drive(service, mouth)
                self.seconds = time.monotonic() - began
            except TimeoutError as exc:
                raise TimeoutError(f"{exc}\n{service.last_words()}") from exc
            finally:
                mouth.close()
                for clicker in self.clickers:
                    clicker.stop()

    def tidy(self) -> None:
        queues_gone(self.config)

    # -- driving -----------------------------------------------------------------------------------------------------
    def _drive(self, service: Running, mouth: Mouth) -> None:
        self._wait("the service to be there", STARTS_WITHIN_S, self._is_there)
        held = Clickers(self.config, lambda click: True, self.seed)
        asked = authorisations(self.stories)
        held.start(asked)
        later = Clickers(self.config, self._is_charged, self.seed)
        self.clickers = [held, later]
        telling = threading.Thread(target=self._tell, args=(mouth, held), daemon=True)
        telling.start()
        later.start(clicks(self.stories))
        self._strike(service)
        self._wait("all trips to be answered", DONE_WITHIN_S, partial(self._has_answered, len(self.stories)))
        self._wait("all calls to be answered", DONE_WITHIN_S, lambda: not held.left and not later.left)
        telling.join(10)
        self._wait("all that is under way to end", PAID_WITHIN_S, self._is_quiet)
        self._wait("all that is due to be paid out", PAID_WITHIN_S, self._is_paid)
        self._wait("all that is paid out to be told", PAID_WITHIN_S, self._is_quiet)
        self.audit = run_audit(self.config)

    def _has_answered(self, trips: int) -> bool:
        return len(self.seen.answered) >= trips

    def _is_there(self) -> bool:
        return has_queue(self.config, f"rpc-{SERVICE}")

    def _is_charged(self, click: Click) -> bool:
        return click.trip_id in self.seen.answered

    def _tell(self, mouth: Mouth, held: Clickers) -> None:
        """Every trip, again and again and in no order; those with a hold once it was asked for."""
        rng = Random(f"{self.seed}:telling")
        told_at = SystemClock().now()
        first = {story.trip_id: new_id() for story in self.stories}
        copies = order_of_telling(list(self.stories), rng)
        late = [story for story in copies if story.held]
        for start in range(0, len(copies), AT_ONCE):
            some = [story for story in copies[start : start + AT_ONCE] if not story.held]
            self._publish(mouth, some, first, rng, told_at)
        while held.left:
            time.sleep(LOOK_S)
        for start in range(0, len(late), AT_ONCE):
            self._publish(mouth, late[start : start + AT_ONCE], first, rng, told_at)

    def _publish(self, mouth: Mouth, some: Sequence[Story], first: dict[str, str], rng: Random, at: Any) -> None:
        """Half of the repeats are the same message, half another one about the same trip."""
        messages = []
        for story in some:
            type_, data = story.told()
            event_id = first[story.trip_id] if rng.random() < 0.5 else new_id()
            event = Event(event_id, type_, 1, at, TRIPS, story.trip_id, data)
            messages.append(event.to_message(int(self.config["EVENT_PARTITIONS"])))
        mouth.say(messages)
        self.published += len(messages)

    # -- blows -------------------------------------------------------------------------------------------------------
    def _strike(self, service: Running) -> None:
        """Each blow at a random share of all trips, so that it always falls into the middle of the work."""
        rng = Random(f"{self.seed}:blows")
        names = [name for name, times in self.blows.items() for _ in range(times)]
        rng.shuffle(names)
        shares = sorted(rng.uniform(0.02, 0.95) for _ in names)
        for name, share in zip(names, shares, strict=True):
            due = int(share * len(self.stories))
            self._wait(f"{due} trips to be answered", DONE_WITHIN_S, partial(self._has_answered, due))
            self._hit(name, service)
            self.struck[name] += 1
            self.say(f"    {len(self.seen.answered):>6} trips answered: {name} killed")

    def _hit(self, name: str, service: Running) -> None:
        if name == "payments":
            service.kill()
            service.start()
        else:
            stack = RunningStack(current_home(), "")
            stack.wait_restarted(name, stack.kill(name))

    # -- waiting -----------------------------------------------------------------------------------------------------
    def _wait(self, what: str, within_s: float, is_so: Callable[[], bool]) -> None:
        until = time.monotonic() + within_s
        while True:
            self.seen.look()
            if is_so():
                return
            self.ended += self.service is not None and self.service.keep_up()
            if time.monotonic() > until:
                raise TimeoutError(f"waited {within_s:g} s for {what}: {self._standing()}")
            time.sleep(LOOK_S)

    def _is_quiet(self) -> bool:
        found = self.seen.ask(_QUIET)
        try:
            return found is not None and not found[0][0] and not waiting(self.config, SERVICE)
        except BROKEN:
            return False

    def _is_paid(self) -> bool:
        least = self.config["CITIES"][CITY]["payout_minimum"]
        found = self.seen.ask(_DUE, until_day=last_day(self.config), least=least)
        return found is not None and not found[0][0]

    def _standing(self) -> str:
        left = sum(clicker.left for clicker in self.clickers)
        return f"{len(self.seen.answered)} of {len(self.stories)} trips answered, {left} calls not; {self._said()}"

    def _said(self) -> str:
        return "; ".join(f"{what} {times}" for clicker in self.clickers for what, times in clicker.unanswered.items())


def last_day(config: Settings) -> date:
    """The last day that is over in the city."""
    zone = ZoneInfo(config["CITIES"][CITY]["time_zone"])
    return SystemClock().now().astimezone(zone).date() - timedelta(days=1)
