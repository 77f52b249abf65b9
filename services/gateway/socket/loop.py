"""One epoll for all sockets, read by one greenlet.

A greenlet for each socket would cost its stack and two for reading and writing, two system calls to wait and one to
read; here an idle socket costs what is known of it, and a frame one call. What must wait (an RPC, a full buffer) holds
its own socket: it is not read until it is released, and the others go on.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any

import eventlet
from eventlet import patcher
from eventlet.hubs import get_hub
from greenlet import getcurrent

if TYPE_CHECKING:
    from services.gateway.socket.connection import Connection

log = logging.getLogger(__name__)

_select: Any = patcher.original("select")
READ, WRITE = _select.EPOLLIN, _select.EPOLLOUT
AT_ONCE = 32
"""Sockets served before everybody else has his turn."""
PAUSE_S = 0.001
"""Between two looks, unless there is more to do: frames that come meanwhile are read together."""
TICKS_A_SECOND = 2


class Loop:
    """Reads and writes the sockets of one process, and wakes those whose time has come."""

    def __init__(self) -> None:
        self._epoll: Any = _select.epoll()
        self._by_fd: dict[int, Connection] = {}
        self._unsent: list[Connection] = []
        self._waits = self._stirred = False
        self._agenda: dict[int, set[Connection]] = defaultdict(set)
        self._ticked = _tick(time.monotonic())

    # -- readiness ---------------------------------------------------------------------------------------------------
    def run(self) -> None:
        """For ever: hand each socket that can be read or written to its connection."""
        hub, descriptor = get_hub(), self._epoll.fileno()
        hub.add(hub.READ, descriptor, partial(self._stir, getcurrent()), _not_here, None)
        # By its edges, and once: adding an epoll to another takes time in proportion to the sockets in it.
        hub.poll.modify(descriptor, READ | _select.EPOLLET)
        while True:
            self._stirred = False
            ready = self._epoll.poll(0, AT_ONCE)
            for fd, events in ready:
                connection = self._by_fd.get(fd)
                if connection is not None:
                    self._serve(connection, events)
            if ready:
                eventlet.sleep(PAUSE_S if len(ready) < AT_ONCE else 0)
            elif not self._stirred:
                self._waits = True
                hub.switch()

    def _stir(self, reader: Any, fileno: int) -> None:
        """There is something to look at. Called by the hub."""
        self._stirred = True
        if self._waits:
            self._waits = False
            reader.switch()

    @staticmethod
    def _serve(connection: Connection, events: int) -> None:
        try:
            if events & WRITE:
                connection.flush()
            if events & ~WRITE:
                connection.readable()
        except Exception:
            log.exception("a bug ended a socket")
            connection.drop()

    def add(self, connection: Connection, fd: int, interest: int) -> None:
        self._by_fd[fd] = connection
        self._epoll.register(fd, interest)

    def change(self, fd: int, interest: int) -> None:
        self._epoll.modify(fd, interest)

    def leave(self, fd: int) -> None:
        """Look at it no longer."""
        if self._by_fd.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def remove(self, connection: Connection, fd: int) -> None:
        """To be called before the socket is closed: its number may be given away at once."""
        self.leave(fd)
        self.forget(connection)

    # -- writing -----------------------------------------------------------------------------------------------------
    def write_soon(self, connection: Connection) -> None:
        """Flush it when whoever runs now has finished: what he pushes goes out in one system call."""
        if not self._unsent:
            get_hub().schedule_call_global(0, eventlet.spawn_n, self._flush)
        self._unsent.append(connection)

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, []
        for connection in unsent:
            self._serve(connection, WRITE)

    # -- time --------------------------------------------------------------------------------------------------------
    def remind(self, connection: Connection, at: float) -> None:
        """Have `connection.due()` called soon after `at` (monotonic), unless it is reminded sooner anyway."""
        tick = max(_tick(at) + 1, self._ticked + 1)
        if connection.tick and connection.tick <= tick:
            return
        self.forget(connection)
        connection.tick = tick
        self._agenda[tick].add(connection)

    def forget(self, connection: Connection) -> None:
        """No longer remind it."""
        if connection.tick:
            slot = self._agenda.get(connection.tick)
            if slot is not None:
                slot.discard(connection)
                if not slot:
                    del self._agenda[connection.tick]
            connection.tick = 0

    def look_at_clock(self) -> None:
        """Call `due()` of all whose time has come; to be called about TICKS_A_SECOND times a second."""
        now = time.monotonic()
        while self._ticked < _tick(now):
            self._ticked += 1
            for connection in self._agenda.pop(self._ticked, ()):
                connection.tick = 0
                connection.due(now)


def _not_here(error: Exception) -> None:
    """What the hub would throw at the reader of a descriptor that was closed: this one never is."""


def _tick(at: float) -> int:
    return int(at * TICKS_A_SECOND)
