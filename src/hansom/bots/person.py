"""What a driver and a rider have in common: an account, a phone with a socket, and a letterbox of events."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from time import monotonic
from typing import TYPE_CHECKING, Any

import gevent
from gevent.queue import Empty, Queue

from hansom.bots import habits
from hansom.bots.client import Account, Refused, Unreachable
from hansom.bots.socket import LiveSocket

if TYPE_CHECKING:
    from hansom.bots.world import World

Heard = tuple[str, dict[str, Any]]
UNHEARD_MAX = 1000


class Person:
    """One user. Every draw comes from `rng`, which the seed and the person's name make."""

    role = "person"

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.number = number
        self.rng = Random(f"{world.options.seed}:{self.role}-{number}")
        self.account = Account(world.http, world.measures, self.rng)
        self.socket = LiveSocket(world.http, self.account, self.hear, world.measures, self.rng)
        self.mail: Queue[Heard] = Queue(UNHEARD_MAX)
        self._own = habits.person(self.rng, self.role, number, world.run_name)

    def hear(self, event: str, data: dict[str, Any]) -> None:
        """One event from the socket: into the letterbox, the oldest dropped when nobody empties it."""
        if self.mail.full():
            self.mail.get_nowait()
        self.mail.put_nowait((event, data))

    def next_event(self, until: float) -> Heard | None:
        """The next event, or None when `until` (on the monotonic clock) comes first."""
        try:
            return self.mail.get(timeout=max(until - monotonic(), 0.0))
        except Empty:
            return None

    def between(self, span: tuple[float, float]) -> float:
        return self.rng.uniform(*span)

    def tries(self, chance: float) -> bool:
        return self.rng.random() < chance

    def aside(self, after_s: float, do: Callable[..., None], *arguments: Any) -> None:
        """Does something after a while beside the rest; the server's refusal is counted and ends it."""

        def quietly() -> None:
            try:
                do(*arguments)
            except (Refused, Unreachable):
                return  # the client has counted it by its code

        later = gevent.Greenlet(quietly)
        self.world.start(later, after_s)

    def lose_network_now_and_then(self, every_s: float, lost_for_s: tuple[float, float]) -> None:
        """From now on: after a random while the phone is without network, and comes back."""

        def now_and_then() -> None:
            while True:
                gevent.sleep(self.rng.expovariate(1 / every_s))
                self.account.network.clear()
                self.socket.cut()
                gevent.sleep(self.between(lost_for_s))
                self.account.network.set()

        self.world.start(gevent.Greenlet(now_and_then))


def trip_in(data: dict[str, Any]) -> dict[str, Any]:
    """The trip that an event carries."""
    trip = data.get("trip", data)
    return trip if isinstance(trip, dict) else {}
