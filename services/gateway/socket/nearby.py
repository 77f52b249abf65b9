"""Riders who watch the cars around their pickup: one question for all of them, and only what changed is sent."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import eventlet
import orjson
from nameko.extensions import SharedExtension

from hansom.contracts.errors import HansomError
from services.gateway.peers import Peer
from services.gateway.socket.connection import Connection

log = logging.getLogger(__name__)

CHUNK = 500


@dataclass(slots=True)
class _Watch:
    lat: float
    lng: float
    shown: bytes = b""


class Watchers(SharedExtension):
    """The watching riders of one gateway."""

    location = Peer("location")

    def __init__(self) -> None:
        super().__init__()
        self._watches: dict[Connection, _Watch] = {}

    def setup(self) -> None:
        config = self.container.config
        self.interval_s = float(config["NEARBY_PUSH_INTERVAL_S"])
        self.limit = int(config["NEARBY_LIMIT"])

    def start(self) -> None:
        self.container.spawn_managed_thread(self._run, identifier="gateway.nearby")

    def watch(self, connection: Connection, lat: float, lng: float) -> None:
        """Watch this place instead of any before."""
        self._watches[connection] = _Watch(lat, lng)

    def unwatch(self, connection: Connection) -> None:
        self._watches.pop(connection, None)

    def _run(self) -> None:
        while True:
            eventlet.sleep(self.interval_s)
            watches = list(self._watches.items())
            for start in range(0, len(watches), CHUNK):
                self._look(watches[start : start + CHUNK])

    def _look(self, watches: list[tuple[Connection, _Watch]]) -> None:
        points = [[watch.lat, watch.lng] for _, watch in watches]
        try:
            found = self.location.client().nearby_many({"points": points, "limit": self.limit})["items"]
        except HansomError as exc:
            log.warning("cars near could not be looked up: %s", exc.code)
            return
        for (connection, watch), items in zip(watches, found, strict=True):
            if self._watches.get(connection) is watch:
                _show(connection, watch, items)


def _show(connection: Connection, watch: _Watch, items: list[dict[str, Any]]) -> None:
    shown = orjson.dumps(items)
    if shown != watch.shown:
        watch.shown = shown
        connection.push_event("nearby_drivers", {"items": items})
