"""A circuit breaker: who asks a server that is down is told so at once, until it answers again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import eventlet

from hansom.contracts.maps import RoadsUnavailable

log = logging.getLogger(__name__)


class Circuit:
    """Closed while the server answers. A failure opens it; probes in the background close it again.

    `probe` asks the server something small and gives whether it answered; it brings its own deadline. The first probe
    follows the failure at once, so that one late answer among good ones costs nobody more than a moment.
    """

    def __init__(self, name: str, probe: Callable[[], bool], pause_s: float) -> None:
        self._name, self._probe, self._pause_s = name, probe, pause_s
        self._prober: Any = None

    @property
    def is_open(self) -> bool:
        return self._prober is not None

    def check(self) -> None:
        """Raises RoadsUnavailable while the circuit is open."""
        if self.is_open:
            raise RoadsUnavailable(details={"retry_after_s": 1})

    def note_failure(self) -> None:
        if not self.is_open:
            log.warning("the road server does not answer", extra={"server": self._name})
            self._prober = eventlet.spawn(self._watch)

    def _watch(self) -> None:
        """Ends, and with it the open state, with the first answer."""
        try:
            while not self._probe():
                eventlet.sleep(self._pause_s)
            log.info("the road server answers again", extra={"server": self._name})
        finally:
            self._prober = None

    def close(self) -> None:
        """Stop watching."""
        if self._prober is not None:
            self._prober.kill()
