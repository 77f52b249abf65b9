"""Socket methods of drivers: positions, and how much of them, and of anything, one client may send."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from eventlet.hubs import get_hub
from nameko.extensions import SharedExtension

from hansom.contracts.errors import Invalid
from hansom.contracts.gateway import WrongRole
from services.gateway.socket.buffer import SOCKETS_SLOWED, PositionBuffer
from services.gateway.socket.connection import FLOODING, Connection
from services.gateway.socket.flood import Rate
from services.gateway.socket.positions import ahead, read_position

MAX_POSITIONS = 100
IN_THE_FUTURE = "Too far in the future."
_FLOODING = SOCKETS_SLOWED.labels("flooding")


class Reports(SharedExtension):
    """What drivers report, on its way into the buffer."""

    positions = PositionBuffer()

    def setup(self) -> None:
        config = self.container.config
        self.max_age_ms = int(float(config["POSITION_MAX_AGE_S"]) * 1000)
        self.rate = Rate(float(config["POSITION_RATE_PER_S"]), float(config["POSITION_BURST"]))

    def report_position(self, connection: Connection, data: dict[str, Any], correlation_id: Any) -> None:
        row = read_position(only(connection, "driver"), data, int(time.time() * 1000), self.max_age_ms)
        if correlation_id is None:
            self.positions.add(connection.driver, connection, [row])
            return
        if ahead(row):
            self.positions.add(connection.driver, connection, [row])
            raise Invalid(details={"at": [IN_THE_FUTURE]})
        told = partial(connection.reply, correlation_id, {"taken": 1})
        self.positions.add(connection.driver, connection, [row], told)

    def report_positions(self, connection: Connection, data: dict[str, Any], correlation_id: Any) -> None:
        """All of them or none: a phone that sends a bad one is told which. A clock that is ahead is noted, too."""
        driver_id = only(connection, "driver")
        listed = data.get("positions")
        if data.keys() - {"positions"} or not isinstance(listed, list) or not 1 <= len(listed) <= MAX_POSITIONS:
            raise Invalid(details={"positions": [f"Must be a list of 1 to {MAX_POSITIONS} positions."]})
        rows, now_ms = [], int(time.time() * 1000)
        for number, each in enumerate(listed):
            try:
                rows.append(read_position(driver_id, each, now_ms, self.max_age_ms))
            except Invalid as exc:
                raise Invalid(details={f"positions.{number}.{name}": why for name, why in exc.details.items()}) from exc
        self.spend(connection, len(rows) - 1)
        marked = {number: row for number, row in enumerate(rows) if ahead(row)}
        if marked:
            self.positions.add(connection.driver, connection, list(marked.values()))
            raise Invalid(details={f"positions.{number}.at": [IN_THE_FUTURE] for number in marked})
        told = partial(connection.reply, correlation_id, {"taken": len(rows)})
        self.positions.add(connection.driver, connection, rows, told)

    def spend(self, connection: Connection, amount: int) -> None:
        """Who sends more than he may is not read for as long as that takes; nothing of his is lost."""
        wait_s = self.rate.spend(connection.bucket, amount)
        if wait_s and not connection.held & FLOODING:
            _FLOODING.inc()
            connection.hold(FLOODING)
            get_hub().schedule_call_global(wait_s, self._forgive, connection)

    @staticmethod
    def _forgive(connection: Connection) -> None:
        _FLOODING.dec()
        connection.release(FLOODING)


def only(connection: Connection, role: str) -> str:
    """The user's id. Raises WrongRole."""
    caller = connection.caller
    assert caller is not None
    if caller.role != role:
        raise WrongRole(details={"roles": [role]})
    return caller.user_id
