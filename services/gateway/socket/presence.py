"""Which users are here, telling `notifications` so, and bringing each socket its user's events without a gap."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import eventlet
from eventlet.semaphore import Semaphore
from nameko.extensions import SharedExtension
from redis.exceptions import RedisError

from hansom.contracts.errors import HansomError, Unavailable
from hansom.contracts.gateway import Busy, UnknownSequence
from hansom.contracts.users import SessionEnded
from hansom.ids import new_id
from services.gateway.access import ACTIVE, REVOKED, Caller, Doorkeeper
from services.gateway.peers import Peer
from services.gateway.socket import frames
from services.gateway.socket.connection import Connection, event_frame
from services.gateway.socket.stream import Step

log = logging.getLogger(__name__)

PAGE = 200
REFRESH_CHUNK = 1000
SOCKETS_OF_A_USER = 20
RETRY_FIRST_S, RETRY_MAX_S = 0.1, 3.0
CHECKS_A_SWEEP = 50


class Presence(SharedExtension):
    """The users connected to this gateway. Its `gateway_id` is new with every start."""

    notifications = Peer("notifications")
    doorkeeper = Doorkeeper()

    def __init__(self) -> None:
        super().__init__()
        self.gateway_id = new_id()
        self._users: dict[str, set[Connection]] = defaultdict(set)
        self._locks: dict[str, Semaphore] = {}

    def setup(self) -> None:
        config = self.container.config
        self.refresh_s = float(config["PRESENCE_REFRESH_S"])
        self.recheck_s = float(config["SESSION_CACHE_TTL_S"])

    def start(self) -> None:
        self.container.spawn_managed_thread(self._refresh, identifier="gateway.presence")

    # -- coming and going --------------------------------------------------------------------------------------------
    def joined(self, connection: Connection, caller: Caller) -> None:
        """From now on the socket gets its user's events. Raises Unavailable, Busy."""
        here = self._users[caller.user_id]
        if len(here) >= SOCKETS_OF_A_USER:
            raise Busy("Too many sockets of one user.")
        here.add(connection)  # first: what comes while we ask is noted in the cursor
        try:
            with self._lock(caller.user_id):
                told = self.notifications.client().connect_user(
                    {"user_id": caller.user_id, "gateway_id": self.gateway_id}
                )
        except HansomError:
            self._forget(connection, caller.user_id)
            raise
        connection.cursor.last_seq = int(told["last_seq"])
        if connection.cursor.behind:
            self._fetch_soon(connection, caller.user_id)

    def left(self, connection: Connection) -> None:
        """The socket is gone; when it was the user's last one here, `notifications` is told."""
        if connection.caller is not None and self._forget(connection, connection.caller.user_id):
            eventlet.spawn_n(self._tell_gone, connection.caller.user_id)

    def _forget(self, connection: Connection, user_id: str) -> bool:
        here = self._users.get(user_id)
        if here is not None:
            here.discard(connection)
            if not here:
                del self._users[user_id]
        return user_id not in self._users

    def _tell_gone(self, user_id: str) -> None:
        with self._lock(user_id):
            if user_id in self._users:
                return  # back already
            try:
                self.notifications.client().disconnect_user({"user_id": user_id, "gateway_id": self.gateway_id})
            except HansomError as exc:
                log.info("a user's leaving was not told; it ends by itself: %s", exc.code)
            if user_id not in self._users:
                self._locks.pop(user_id, None)

    def _lock(self, user_id: str) -> Semaphore:
        """Coming and going of one user are told in their order."""
        return self._locks.setdefault(user_id, Semaphore())

    def _refresh(self) -> None:
        """Say who is here, so that an emptied registry fills again, and hear what was lost on the way."""
        while True:
            eventlet.sleep(self.refresh_s)
            user_ids = list(self._users)
            for start in range(0, len(user_ids), REFRESH_CHUNK):
                self._refresh_some(user_ids[start : start + REFRESH_CHUNK])

    def _refresh_some(self, user_ids: list[str]) -> None:
        try:
            told = self.notifications.client().refresh_presence({"gateway_id": self.gateway_id, "user_ids": user_ids})
        except HansomError as exc:
            log.warning("presence could not be refreshed: %s", exc.code)
            return
        for user_id, last_seq in told["last_seqs"].items():
            for connection in list(self._users.get(user_id, ())):
                connection.cursor.exists(int(last_seq))
                if connection.cursor.behind and not connection.cursor.fetching:
                    self._fetch_soon(connection, user_id)

    # -- events ------------------------------------------------------------------------------------------------------
    def deliver(self, user_id: str, event: str, data: dict[str, Any], seq: int | None) -> None:
        """An event from the broker, for all of the user's sockets here."""
        frame = None
        for connection in list(self._users.get(user_id, ())):
            step = Step.SEND if seq is None else connection.cursor.arrived(seq)
            if step is Step.SEND:
                frame = frame or event_frame(event, data, seq)
                connection.push(frame)
                if connection.crowded:
                    eventlet.sleep(0)  # a burst: whoever reads gets his turn; who does not is closed
            elif step is Step.FETCH:
                self._fetch_soon(connection, user_id)

    def resume(self, connection: Connection, after: int) -> int:
        """Replay what came after number `after`; gives how many. The socket is live when this returns.

        Raises UnknownSequence, Unavailable.
        """
        assert connection.caller is not None
        cursor, user_id = connection.cursor, connection.caller.user_id
        while cursor.fetching and not connection.closed:
            eventlet.sleep(0.01)
        before = cursor.last_seq
        cursor.fetching = True
        try:
            page = self._read(user_id, after)
            if after > page["last_seq"]:
                raise UnknownSequence(details={"after": [f"The last number is {page['last_seq']}."]})
            cursor.last_seq = after
            return self._pour(connection, user_id, page)
        except Unavailable:
            # nothing is skipped: what was sent so far counts, and the client asks again
            if cursor.last_seq is None:
                cursor.last_seq = before
            raise
        finally:
            cursor.fetching = False
            if cursor.behind:
                self._fetch_soon(connection, user_id)

    def _fetch_soon(self, connection: Connection, user_id: str) -> None:
        if not connection.cursor.fetching and not connection.closed:
            connection.cursor.fetching = True
            eventlet.spawn_n(self._fetch, connection, user_id)

    def _fetch(self, connection: Connection, user_id: str) -> None:
        """Read the stream until nothing is missing, however long `notifications` is away."""
        cursor, pause_s = connection.cursor, RETRY_FIRST_S
        try:
            while cursor.behind and not connection.closed:
                try:
                    assert cursor.last_seq is not None
                    self._pour(connection, user_id, self._read(user_id, cursor.last_seq))
                    pause_s = RETRY_FIRST_S
                except HansomError as exc:
                    log.warning("a stream will be read again: %s", exc.code)
                    eventlet.sleep(pause_s)
                    pause_s = min(2 * pause_s, RETRY_MAX_S)
        finally:
            cursor.fetching = False

    def _pour(self, connection: Connection, user_id: str, page: dict[str, Any]) -> int:
        """Send a page of the stream and all that follows it; gives how many events."""
        cursor, sent = connection.cursor, 0
        while not connection.closed:
            for each in page["events"]:
                connection.wait_room()
                if cursor.fetched(int(each["seq"])):
                    connection.push_event(each["event"], each["data"], int(each["seq"]))
                    sent += 1
            cursor.exists(int(page["last_seq"]))
            if not page["events"]:
                # all that is kept has been sent; numbers before it have gone with their day
                cursor.last_seq = max(cursor.last_seq or 0, int(page["last_seq"]))
                cursor.wanted = max(cursor.last_seq, int(page["last_seq"]))
            if not cursor.behind:
                break
            assert cursor.last_seq is not None
            page = self._read(user_id, cursor.last_seq)
        return sent

    def _read(self, user_id: str, after: int) -> dict[str, Any]:
        return self.notifications.client().read_stream({"user_id": user_id, "after": after, "limit": PAGE})

    # -- sessions ----------------------------------------------------------------------------------------------------
    def check_sessions(self, connections: Sequence[Connection]) -> None:
        """Close the sockets of sessions that were ended, here or at another gateway."""
        known = [connection for connection in connections if connection.caller is not None]
        by_session: dict[str, list[Connection]] = defaultdict(list)
        for connection in known:
            assert connection.caller is not None
            by_session[connection.caller.session_id].append(connection)
        session_ids = list(by_session)
        try:
            states = self.doorkeeper.states(session_ids)
        except RedisError as exc:
            log.warning("sessions of sockets cannot be checked: Redis is down: %s", exc)
            states = [None] * len(session_ids)
        checks = CHECKS_A_SWEEP
        for session_id, state in zip(session_ids, states, strict=True):
            stale = time.monotonic() - min(each.verified_at for each in by_session[session_id]) > self.recheck_s
            if state == REVOKED:
                _end(by_session[session_id])
            elif stale and state == ACTIVE:
                _verified(by_session[session_id])
            elif stale and checks:
                checks -= 1
                self._recheck(session_id, by_session[session_id])

    def _recheck(self, session_id: str, connections: list[Connection]) -> None:
        try:
            self.doorkeeper.check_session(session_id)
            _verified(connections)
        except SessionEnded:
            _end(connections)
        except Unavailable as exc:
            log.warning("a session cannot be checked now: %s", exc.code)


def _verified(connections: list[Connection]) -> None:
    for connection in connections:
        connection.verified_at = time.monotonic()


def _end(connections: list[Connection]) -> None:
    for connection in connections:
        connection.close(frames.POLICY, "session ended")
