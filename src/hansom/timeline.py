"""Moments of a trip → the wire: see `contracts.timeline`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hansom.contracts.timeline import Moment, MomentReply
from hansom.wire import iso

MOST = 500
"""Moments that one service tells of a trip: more than any ride has, fewer than anybody reads."""


def timeline_reply(moments: Iterable[Moment]) -> dict[str, Any]:
    """The reply of `get_timeline`: oldest first; what happened at one time stays in its order."""
    return {"items": [dict(_reply(each)) for each in sorted(moments, key=lambda each: each.at)][:MOST]}


def _reply(moment: Moment) -> MomentReply:
    who = moment.who
    return {
        "at": iso(moment.at) or "",
        "kind": moment.kind.value,
        "code": moment.code.value,
        "who": None if who is None else {"role": who.role, "id": who.id},
        "values": moment.values,
    }
