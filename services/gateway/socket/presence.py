"""Which users are here, telling `notifications` so, and bringing each socket its user's events without a gap."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import eventlet
from eventlet.event import Event as Signal
from eventlet.hubs import get_hub
from nameko.extensions import SharedExtension

from hansom.contracts.errors import HansomError, InternalError, Unavailable
from hansom.contracts.gateway import Busy, UnknownSequence
from hansom.contracts.users import SessionEnded
from hansom.ids import new_id
from hansom.rpc import as_hansom_error
from services.gateway.access import Caller, Doorkeeper
from services.gateway.peers import Peer
from services.gateway.socket import frames
from services.gateway.socket.connection import Connection, event_frame
from services.gateway.socket.riding import RIDES, Drivers
from services.gateway.socket.showing import ShownOffers
from services.gateway.socket.stream import Cursor, Step

log = logging.getLogger(__name__)

PAGE = 200
CHUNK = 1000
"""Users of one call."""
SOCKETS_OF_A_USER = 20
RESUMES_WITHIN_S = 0.5
"""A client that lost its line says so with its first frame: numbered events wait so long for it, so that none overtakes
those that it missed."""
RETRY_FIRST_S, RETRY_MAX_S = 0.1, 3.0
DRIVER = "driver"

Welcome = Callable[[HansomError | None], None]


@dataclass(slots=True)
class _Arrival:
    """Somebody who has shown a token. `welcome` is called once."""

    connection: Connection
    caller: Caller
    welcome: Welcome | None

    def answer(self, error: HansomError | None) -> None:
        welcome, self.welcome = self.welcome, None
        if welcome is not None:
            welcome(error)


class Presence(SharedExtension):
    """The users connected to this gateway. Its `gateway_id` is new with every start."""

    notifications = Peer("notifications")
    doorkeeper = Doorkeeper()
    drivers = Drivers()
    shown = ShownOffers()

    def __init__(self) -> None:
        super().__init__()
        self.gateway_id = new_id()
        self._users: dict[str, tuple[Connection, ...]] = {}
        self._arrivals: deque[_Arrival] = deque()
        self._gone: set[str] = set()
        self._bell = Signal()

    def setup(self) -> None:
        config = self.container.config
        self.refresh_s = float(config["PRESENCE_REFRESH_S"])
        self.recheck_s = float(config["SESSION_CACHE_TTL_S"])

    def start(self) -> None:
        self.container.spawn_managed_thread(self._refresh, identifier="gateway.presence")
        self.container.spawn_managed_thread(self._door, identifier="gateway.door")

    # -- coming and going --------------------------------------------------------------------------------------------
    def arrived(self, connection: Connection, caller: Caller, welcome: Welcome) -> None:
        """Let a user in: his session is checked and `notifications` told, for many at once.

        Then `welcome(None)` is called, or with what refuses him, and from then on the socket gets its user's events.
        """
        self._arrivals.append(_Arrival(connection, caller, welcome))
        self._ring()

    def left(self, connection: Connection) -> None:
        """The socket is gone; when it was the user's last one here, `notifications` is told."""
        if connection.caller is not None and self._forget(connection, connection.caller.user_id):
            if connection.driver is not None:
                self.drivers.left(connection.caller.user_id)
            self._gone.add(connection.caller.user_id)
            self._ring()

    def _ring(self) -> None:
        if not self._bell.ready():
            self._bell.send(None)

    def _door(self) -> None:
        """One greenlet tells of all who come and go, so that it is told in their order."""
        while True:
            if not self._gone and not self._arrivals:
                self._bell = Signal()
                self._bell.wait()
            if self._gone:
                self._tell_gone([self._gone.pop() for _ in range(min(len(self._gone), CHUNK))])
            arrivals = [self._arrivals.popleft() for _ in range(min(len(self._arrivals), CHUNK))]
            if arrivals:
                self._let_in(arrivals)

    def _let_in(self, arrivals: list[_Arrival]) -> None:
        arrivals = [each for each in arrivals if not each.connection.closed]
        try:
            running = self.doorkeeper.running({each.caller.session_id for each in arrivals})
            here = [each for each in arrivals if self._comes(each, running)]
            told = self._tell_here(sorted({each.caller.user_id for each in here if each.connection.caller is None}))
        except Exception as exc:  # noqa: BLE001 - told to all of them, and logged there when it is a bug
            self._turn_away(arrivals, exc)
            return
        for each in here:
            self._has_come(each, told)

    def _turn_away(self, arrivals: list[_Arrival], exc: Exception) -> None:
        told = as_hansom_error(exc)
        if isinstance(told, InternalError):
            log.error("a bug keeps users out", exc_info=exc)
        for each in arrivals:
            if each.connection.caller is None:
                self._forget(each.connection, each.caller.user_id)
            each.answer(told)

    def _comes(self, each: _Arrival, running: Collection[str]) -> bool:
        """Whether he may; from now on what comes for him is noted in his cursor."""
        if each.caller.session_id not in running:
            each.answer(SessionEnded(details={"session_id": each.caller.session_id}))
            return False
        if each.connection.caller is None:
            here = self._users.get(each.caller.user_id, ())
            if len(here) >= SOCKETS_OF_A_USER:
                each.answer(Busy("Too many sockets of one user."))
                return False
            self._users[each.caller.user_id] = (*here, each.connection)
        return True

    def _has_come(self, each: _Arrival, told: Mapping[str, int]) -> None:
        connection, caller = each.connection, each.caller
        if connection.closed:
            if self._forget(connection, caller.user_id):
                self._gone.add(caller.user_id)
            return
        if connection.caller is None:
            if caller.role == DRIVER:
                connection.driver = self.drivers.joined(caller.user_id)
                connection.bucket = connection.driver.bucket
            connection.cursor.last_seq = told[caller.user_id]
            self._expect(connection, caller.user_id)
        connection.caller, connection.verified_at = caller, time.monotonic()
        each.answer(None)

    def _expect(self, connection: Connection, user_id: str) -> None:
        """Give it the time to say where it left off."""
        connection.cursor.expected = True
        get_hub().schedule_call_global(RESUMES_WITHIN_S, self._go_live, connection, user_id)

    def _go_live(self, connection: Connection, user_id: str) -> None:
        """It has not said so: it wants what comes from now on. Called by the hub, so nothing may wait here."""
        connection.cursor.expected = False
        if connection.cursor.behind:
            self._fetch_soon(connection, user_id)

    def _forget(self, connection: Connection, user_id: str) -> bool:
        """Whether it was the user's last one."""
        here = self._users.get(user_id)
        if here is None or connection not in here:
            return False
        left = tuple(each for each in here if each is not connection)
        if left:
            self._users[user_id] = left
            return False
        del self._users[user_id]
        return True

    def _tell_here(self, user_ids: Sequence[str]) -> dict[str, int]:
        """User → the last number of his stream; later ones come here. Raises HansomError."""
        if not user_ids:
            return {}
        request = {"gateway_id": self.gateway_id, "user_ids": user_ids}
        told = self.notifications.client().connect_users(request)["last_seqs"]
        return {user_id: int(last_seq) for user_id, last_seq in told.items()}

    def _tell_gone(self, user_ids: Sequence[str]) -> None:
        gone = [user_id for user_id in user_ids if user_id not in self._users]  # some are back already
        if not gone:
            return
        try:
            self.notifications.client().disconnect_users({"gateway_id": self.gateway_id, "user_ids": gone})
        except HansomError as exc:
            log.info("users' leaving was not told; it ends by itself: %s", exc.code)

    def _refresh(self) -> None:
        """Say who is here, so that an emptied registry fills again, and hear what was lost on the way."""
        while True:
            eventlet.sleep(self.refresh_s)
            user_ids = list(self._users)
            for start in range(0, len(user_ids), CHUNK):
                self._refresh_some([each for each in user_ids[start : start + CHUNK] if each in self._users])

    def _refresh_some(self, user_ids: list[str]) -> None:
        try:
            told = self._tell_here(user_ids)
        except HansomError as exc:
            log.warning("presence could not be refreshed: %s", exc.code)
            return
        for user_id, last_seq in told.items():
            for connection in self._users.get(user_id, ()):
                cursor = connection.cursor
                cursor.exists(last_seq)
                if cursor.behind and not cursor.fetching and not cursor.expected:
                    self.drivers.unsure(user_id)
                    self._fetch_soon(connection, user_id)

    # -- events ------------------------------------------------------------------------------------------------------
    def deliver(self, user_id: str, event: str, data: dict[str, Any], seq: int | None) -> None:
        """An event from the broker, for all of the user's sockets here."""
        frame = None
        for connection in self._users.get(user_id, ()):
            step = Step.SEND if seq is None else connection.cursor.arrived(seq)
            if connection.driver is not None:
                self._consider(user_id, event, in_turn=step is Step.SEND)
            if step is Step.SEND:
                frame = frame or event_frame(event, data, seq)
                connection.push(frame)
                if connection.driver is not None:
                    self.shown.note(connection, event, data)
                if connection.crowded:
                    eventlet.sleep(0)  # a burst: whoever reads gets his turn; who does not is closed
            elif step is Step.FETCH:
                self._fetch_soon(connection, user_id)

    def _consider(self, user_id: str, event: str, *, in_turn: bool) -> None:
        """What an event says of a driver's being on a ride. One that is late or replayed says nothing of now."""
        if in_turn:
            self.drivers.heard(user_id, event)
        elif event in RIDES:
            self.drivers.unsure(user_id)

    def resume(self, connection: Connection, after: int) -> int:
        """Replay what came after number `after`; gives how many. The socket is live when this returns.

        Raises UnknownSequence, Unavailable.
        """
        assert connection.caller is not None
        cursor, user_id = connection.cursor, connection.caller.user_id
        while cursor.fetching and not connection.closed:
            eventlet.sleep(0.01)
        cursor.fetching, cursor.expected = True, False
        try:
            try:
                page = self._read(cursor, user_id, after)
            except Unavailable:
                cursor.stays_after(after)
                self._expect(connection, user_id)
                raise
            if after > page["last_seq"]:
                raise UnknownSequence(details={"after": [f"The last number is {page['last_seq']}."]})
            cursor.last_seq = after
            return self._pour(connection, user_id, page)
        finally:
            cursor.fetching = False
            if cursor.behind and not cursor.expected:
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
                    self._pour(connection, user_id, self._read(cursor, user_id, cursor.last_seq or 0))
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
                    if connection.driver is not None:
                        self._consider(user_id, each["event"], in_turn=False)
                    connection.push_event(each["event"], each["data"], int(each["seq"]))
                    if connection.driver is not None:
                        self.shown.note(connection, each["event"], each["data"])
                    sent += 1
            if page["events"]:
                cursor.exists(int(page["last_seq"]))
            else:
                cursor.at_end(int(page["last_seq"]))
            if not cursor.behind:
                break
            page = self._read(cursor, user_id, cursor.last_seq or 0)
        return sent

    def _read(self, cursor: Cursor, user_id: str, after: int) -> dict[str, Any]:
        cursor.asks()
        return self.notifications.client().read_stream({"user_id": user_id, "after": after, "limit": PAGE})

    # -- sessions ----------------------------------------------------------------------------------------------------
    def recheck(self, connections: Sequence[Connection]) -> None:
        """Close the sockets of sessions that were ended and did not say so. Those checked lately are let be."""
        before = time.monotonic() - self.recheck_s
        stale = [each for each in connections if each.caller is not None and each.verified_at < before]
        if not stale:
            return
        try:
            running = self.doorkeeper.running({each.caller.session_id for each in stale if each.caller is not None})
        except Unavailable as exc:
            log.warning("sessions cannot be checked now: %s", exc.code)
            return
        now = time.monotonic()
        for each in stale:
            if each.caller is not None and each.caller.session_id in running:
                each.verified_at = now
            else:
                each.close(frames.POLICY, "session ended")
