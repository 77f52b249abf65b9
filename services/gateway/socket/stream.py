"""A user's numbered events on one socket: in order, without a gap, none twice."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Step(Enum):
    """What to do with an event that has come."""

    SEND = auto()
    DROP = auto()
    """It has been sent."""
    FETCH = auto()
    """Something before it is missing: read the stream."""


@dataclass(slots=True)
class Cursor:
    """Where a socket is in its user's stream.

    `last_seq`: the last number sent, or passed over; None until it is known. `wanted`: the highest number that is
    known to exist. `fetching`: the stream is being read for this socket, and brings what comes meanwhile, too.
    `expected`: it has just come, and may be about to say where it left off; what comes meanwhile is sent after that.
    `sought`: what `wanted` was when the stream was last asked.
    """

    last_seq: int | None = None
    wanted: int = 0
    fetching: bool = False
    expected: bool = False
    sought: int = 0

    def arrived(self, seq: int) -> Step:
        """An event of this number came from the broker."""
        self.wanted = max(self.wanted, seq)
        if self.last_seq is None or self.fetching or self.expected:
            return Step.DROP  # whoever finds out where the socket is, or fetches, sees `wanted`
        if seq <= self.last_seq:
            return Step.DROP
        if seq == self.last_seq + 1:
            self.last_seq = seq
            return Step.SEND
        return Step.FETCH

    def fetched(self, seq: int) -> bool:
        """An event of this number was read from the stream; whether to send it. A jump means: the days between are
        no longer kept."""
        if self.last_seq is not None and seq <= self.last_seq:
            return False
        self.last_seq = seq
        self.wanted = max(self.wanted, seq)
        return True

    def exists(self, seq: int) -> None:
        """The stream is known to have come as far as this."""
        self.wanted = max(self.wanted, seq)

    def asks(self) -> None:
        """The stream is about to be read."""
        self.sought = self.wanted

    def at_end(self, last_seq: int) -> None:
        """The stream was read and has nothing more, up to `last_seq`: what is older is no longer kept. What has arrived
        since it was asked is another matter, and is still wanted."""
        self.last_seq = max(self.last_seq or 0, last_seq)
        if self.wanted == self.sought:
            self.wanted = self.last_seq

    def stays_after(self, after: int) -> None:
        """The client has all up to number `after`, as it says itself, and could not be sent the rest: that comes later,
        from there on. Some of it may come twice rather than never."""
        known = after if self.last_seq is None else self.last_seq
        self.last_seq, self.wanted = min(after, known), max(self.wanted, known)

    @property
    def behind(self) -> bool:
        """Something is known to be missing."""
        return self.last_seq is not None and self.last_seq < self.wanted
