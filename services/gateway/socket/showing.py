"""Which offers have reached their drivers: told to `trips`, which lets matching replace the others."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import eventlet
from eventlet.event import Event as Signal
from nameko.extensions import SharedExtension

from hansom.contracts.errors import HansomError, Unavailable
from services.gateway.peers import Peer
from services.gateway.socket.connection import Connection

log = logging.getLogger(__name__)

OFFER_MADE = "offer_made"
TOLD_TOGETHER_S = 0.05
"""After the first offer others are waited for, and the sockets have been written meanwhile."""
CHUNK = 1000
KEPT = 10_000
"""Offers that wait while `trips` is away; later ones count as not shown, which does no harm."""
RETRY_S = 0.5


class ShownOffers(SharedExtension):
    """Collects offers that were put to a driver's socket and tells of those that it took.

    An offer whose socket is gone, or takes nothing, has not been shown: its driver may come back on another.
    """

    trips = Peer("trips")

    def __init__(self) -> None:
        super().__init__()
        self._put: list[tuple[str, Connection]] = []
        self._untold: dict[str, None] = {}
        self._some = Signal()

    def start(self) -> None:
        self.container.spawn_managed_thread(self._run, identifier="gateway.showing")

    def note(self, connection: Connection, event: str, data: Mapping[str, Any]) -> None:
        """An event was put to a driver's socket."""
        offer_id = data.get("offer_id")
        if event == OFFER_MADE and offer_id is not None:
            self._put.append((str(offer_id), connection))
            if not self._some.ready():
                self._some.send(None)

    def _run(self) -> None:
        while True:
            if not self._put and not self._untold:
                self._some = Signal()
                self._some.wait()
            eventlet.sleep(TOLD_TOGETHER_S)
            self._sort()
            if not self._tell():
                eventlet.sleep(RETRY_S)

    def _sort(self) -> None:
        put, self._put = self._put, []
        taken = [offer_id for offer_id, connection in put if connection.takes]
        self._untold |= dict.fromkeys(taken[: max(0, KEPT - len(self._untold))])

    def _tell(self) -> bool:
        """False: `trips` does not answer, and is told again."""
        while self._untold:
            offer_ids = list(self._untold)[:CHUNK]
            try:
                self.trips.client().note_offers_shown({"offer_ids": offer_ids})
            except Unavailable as exc:
                log.info("which offers were shown is told later: %s", exc.code)
                return False
            except HansomError as exc:
                log.warning("which offers were shown is not told: %s", exc.code)
            for offer_id in offer_ids:
                del self._untold[offer_id]
        return True
