"""The entrypoint of a socket method that asks other services: runs in a worker, answers on its socket."""

from __future__ import annotations

from functools import partial
from typing import Any

from marshmallow import Schema
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import Entrypoint

from hansom.contracts.errors import HansomError
from hansom.contracts.gateway import Busy, WrongRole
from hansom.ids import new_id
from hansom.rpc import as_hansom_error
from hansom.validation import load
from services.gateway.http.route import call_of
from services.gateway.socket.connection import CALLING, CALLS_AT_ONCE, Connection
from services.gateway.socket.server import SocketServer


class SocketMethod(Entrypoint):
    """`@socket_method("accept_offer", who=DRIVER, data=OfferRef())`: the method gets the same `Call` as by HTTP."""

    sockets = SocketServer()

    def __init__(self, name: str, *, who: frozenset[str], data: Schema, **kwargs: Any) -> None:
        super().__init__(expected_exceptions=HansomError, **kwargs)
        self.name, self.who, self.data = name, who, data

    def setup(self) -> None:
        self.sockets.methods[self.name] = self.begin
        self.sockets.register_provider(self)

    def stop(self) -> None:
        self.sockets.shut_down()
        self.sockets.unregister_provider(self)

    def begin(self, connection: Connection, data: dict[str, Any], correlation_id: Any) -> None:
        """Check, and start a worker; its result is sent when it is there. Raises HansomError."""
        caller = connection.caller
        if caller is None or caller.role not in self.who:
            raise WrongRole(details={"roles": sorted(self.who)})
        call = call_of(load(self.data, data), caller, new_id())
        if self.container._worker_pool.free() <= 0:
            raise Busy()
        connection.calls += 1
        if connection.calls >= CALLS_AT_ONCE:
            connection.hold(CALLING)  # one socket does not take all workers: its next frame waits
        answer = partial(self._answer, connection, correlation_id)
        try:
            context = {"request_id": call.request_id}
            self.container.spawn_worker(self, (call,), {}, context_data=context, handle_result=answer)
        except ContainerBeingKilled as exc:
            _ended(connection)
            raise Busy() from exc

    @staticmethod
    def _answer(
        connection: Connection, correlation_id: Any, worker_ctx: Any, result: Any, exc_info: Any
    ) -> tuple[Any, Any]:
        _ended(connection)
        if exc_info is None:
            connection.reply(correlation_id, result)
        else:
            connection.refuse(correlation_id, as_hansom_error(exc_info[1]))
        return result, exc_info


def _ended(connection: Connection) -> None:
    connection.calls -= 1
    connection.release(CALLING)


socket_method = SocketMethod.decorator
