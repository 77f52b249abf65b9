"""What the notifications service takes, gives and refuses. Times are RFC 3339 strings."""

from __future__ import annotations

from typing import Any, TypedDict

MAX_USERS = 1000
"""Users of one `connect_users` or `disconnect_users`."""

MAX_EVENTS = 500
"""Events of one `read_stream`."""


class Presence(TypedDict):
    """The number of each user's last event, 0 when there is none; later ones come to his gateway."""

    last_seqs: dict[str, int]


class StreamEvent(TypedDict):
    """One event of a user's stream. `data` is without its number."""

    seq: int
    event: str
    data: dict[str, Any]
    at: str


class Stream(TypedDict):
    """A page of a stream, in order. `oldest_seq` is the first number still kept, or null when none is."""

    events: list[StreamEvent]
    last_seq: int
    oldest_seq: int | None


class Check(TypedDict):
    """One line of an audit: what must hold, how many were looked at, and what breaks it."""

    name: str
    checked: int
    breaches: list[str]


class FramesMessage(TypedDict):
    """A message to a gateway's own queue: `[user_id, event, data, seq or null]` each."""

    frames: list[list[Any]]
