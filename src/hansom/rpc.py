"""RPC as Hansom's services speak it: one dict in, one dict out, a deadline, and errors that keep their class.

On the wire it is Nameko's own: `nameko shell` and a plain `RpcProxy` can call these services, and these can call any.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import eventlet
import nameko.exceptions
import orjson
from nameko.exceptions import ContainerBeingKilled, IncorrectSignature, MethodNotFound
from nameko.extensions import DependencyProvider
from nameko.messaging import QueueConsumer
from nameko.rpc import ReplyListener, RpcConsumer, get_rpc_exchange
from nameko.rpc import Rpc as NamekoRpc
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from hansom import logs
from hansom.amqp import BROKEN, Broker, Outgoing
from hansom.contracts.errors import (
    REGISTRY,
    DeadlineExceeded,
    HansomError,
    InternalError,
    Invalid,
    ServiceUnknown,
    StoreUnavailable,
    Unavailable,
)
from hansom.ids import new_id
from hansom.metrics import RPC_REQUESTS, RPC_SECONDS

log = logging.getLogger(__name__)

STORE_DOWN: tuple[type[Exception], ...] = (OperationalError, InterfaceError, PoolTimeout, RedisError, PyMongoError)
"""What the stores' clients raise when a store is down or late."""


def as_hansom_error(exc: BaseException) -> HansomError:
    """The error that a caller is told for an exception: itself, `StoreUnavailable`, or `InternalError` for a bug."""
    if isinstance(exc, HansomError):
        return exc
    if isinstance(exc, STORE_DOWN):
        return StoreUnavailable()
    if isinstance(exc, IncorrectSignature | MethodNotFound):
        return Invalid(str(exc))
    return InternalError()


def pack_error(exc: BaseException) -> dict[str, Any]:
    """Nameko's wire form of an error."""
    told = as_hansom_error(exc)
    return {
        "exc_type": type(told).__name__,
        "exc_path": f"{type(told).__module__}.{type(told).__name__}",
        "exc_args": list(told.args),
        "value": str(told),
    }


def unpack_error(packed: dict[str, Any]) -> Exception:
    """The exception that the service raised; an error of a kind not known here becomes `InternalError`."""
    path = packed.get("exc_path", "")
    module = path.rpartition(".")[0]
    if path not in REGISTRY and module.startswith("hansom.contracts.") and find_spec(module) is not None:
        import_module(module)  # an error of a service whose contract this process has not needed until now
    found = REGISTRY.get(path)
    if found is not None:
        return found(*packed.get("exc_args", ()))
    original = nameko.exceptions.deserialize(packed)
    log.error("an RPC failed with an unknown error", extra={"error": str(original)})
    return InternalError()


STOP_LATENCY_S = 0.2
"""How long a consumer with nothing to read may take to see that it is to stop; kombu's own is a second."""


class _Queues(QueueConsumer):
    def consume(
        self,
        limit: int | None = None,
        timeout: float | None = None,
        safety_interval: float = STOP_LATENCY_S,
        **kwargs: Any,
    ) -> Any:
        return super().consume(limit, timeout, safety_interval, **kwargs)

    def wait_until_read(self, within_s: float, too_late: Exception) -> None:
        """Return when the queues are declared and read for the first time; at once ever after."""
        if not self._consumers_ready.ready():
            with eventlet.Timeout(within_s, too_late):
                self._consumers_ready.wait()


class _Replies(ReplyListener):
    queue_consumer = _Queues()


class _Consumer(RpcConsumer):
    """Nameko's consumer of a service's RPC queue, replying over the service's one broker connection."""

    queue_consumer = _Queues()
    broker = Broker()

    def handle_result(self, message: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        error = pack_error(exc_info[1]) if exc_info is not None else None
        try:
            body = orjson.dumps({"result": result, "error": error})
        except TypeError as exc:
            log.exception("a reply is not JSON")
            body = orjson.dumps({"result": None, "error": pack_error(exc)})
        reply = Outgoing(
            get_rpc_exchange(self.container.config).name,
            message.properties["reply_to"],
            body,
            persistent=False,
            properties={"correlation_id": message.properties.get("correlation_id")},
        )
        try:
            self.broker.publish(reply)
        except Unavailable:
            # the caller's deadline tells him; the request comes again with the connection and is safe to repeat
            log.warning("a reply could not be sent: the broker is down")
        try:
            self.queue_consumer.ack_message(message)
        except BROKEN as exc:
            # raised, it would end the whole process
            log.warning("a request could not be acknowledged, and comes again: the broker is down: %s", exc)
        return result, exc_info


class Rpc(NamekoRpc):
    """Entrypoint: a method that takes one dict and returns one dict."""

    rpc_consumer = _Consumer()

    def __init__(self, expected_exceptions: Any = (HansomError, *STORE_DOWN), **kwargs: Any) -> None:
        super().__init__(expected_exceptions=expected_exceptions, **kwargs)

    def handle_message(self, body: Any, message: Any) -> None:
        args, kwargs = body["args"], body["kwargs"]
        self.check_signature(args, kwargs)
        context_data = {**self.unpack_message_headers(message), "call_id": message.properties.get("correlation_id")}
        handle_result = partial(self.handle_timed, message, time.monotonic())
        try:
            self.container.spawn_worker(self, args, kwargs, context_data=context_data, handle_result=handle_result)
        except ContainerBeingKilled:
            self.rpc_consumer.requeue_message(message)

    def handle_timed(self, message: Any, began: float, worker_ctx: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        service, method = worker_ctx.service_name, self.method_name
        outcome = "ok" if exc_info is None else as_hansom_error(exc_info[1]).code
        if isinstance(exc_info[1] if exc_info else None, STORE_DOWN):
            log.warning("a store is down", extra={"method": method, "error": str(exc_info[1])[:300]})
        RPC_REQUESTS.labels(service, method, outcome).inc()
        RPC_SECONDS.labels(service, method).observe(time.monotonic() - began)
        reply = self.rpc_consumer.handle_result(message, result, exc_info)
        logs.clear()
        return reply


rpc = Rpc.decorator


class CallId(DependencyProvider):
    """Gives a worker the id of the call that it answers, None outside of one.

    A call comes again, with its id, when the process that took it died before the reply: see `idempotency.keyed`.
    """

    def get_dependency(self, worker_ctx: Any) -> str | None:
        return (worker_ctx.data or {}).get("call_id")


class _Reply:
    """A call under way."""

    def __init__(self, client: _Client, correlation_id: str, event: Any, deadline_at: float) -> None:
        self._client, self._correlation_id, self._event = client, correlation_id, event
        self._deadline_at = deadline_at

    def result(self) -> dict[str, Any]:
        """The reply. Raises the service's error, DeadlineExceeded or ServiceUnknown."""
        left_s = max(0.0, self._deadline_at - time.monotonic())
        try:
            with eventlet.Timeout(left_s, DeadlineExceeded(details={"service": self._client.service})):
                body = self._event.wait()
        finally:
            self._client.provider.forget(self._correlation_id)
        if body["error"]:
            raise unpack_error(body["error"])
        return body["result"]

    def give_up(self) -> None:
        """The reply is of no use any more."""
        self._client.provider.forget(self._correlation_id)


class _Client:
    """Calls one service for one worker: `client.get_trip({...}, deadline_s=1.0)`."""

    def __init__(self, provider: ServiceClient, context: dict[str, Any]) -> None:
        self.provider, self.service, self._context = provider, provider.service, context

    def __getattr__(self, method: str) -> Callable[..., dict[str, Any]]:
        if method.startswith("_"):
            raise AttributeError(method)
        return partial(self.call, method)

    def call(self, method: str, payload: dict[str, Any], deadline_s: float | None = None) -> dict[str, Any]:
        return self.call_async(method, payload, deadline_s).result()

    def call_async(self, method: str, payload: dict[str, Any], deadline_s: float | None = None) -> _Reply:
        """Send now, wait later with `.result()`. Every call has a deadline, RPC_DEADLINE_S unless it names another."""
        return self.provider.send(self, method, payload, deadline_s, self._context)


class ServiceClient(DependencyProvider):
    """Gives a worker a client of another service: `trips = ServiceClient("trips")`."""

    replies = _Replies()
    broker = Broker()

    def __init__(self, service: str) -> None:
        super().__init__()
        self.service = service

    def setup(self) -> None:
        config = self.container.config
        self.deadline_s = float(config["RPC_DEADLINE_S"])
        self.exchange = get_rpc_exchange(config).name

    def get_dependency(self, worker_ctx: Any) -> _Client:
        data = getattr(worker_ctx, "data", None) or {}
        context = {f"nameko.{key}": value for key, value in data.items() if key == "request_id" and value is not None}
        return _Client(self, context)

    def send(
        self, client: _Client, method: str, payload: dict[str, Any], deadline_s: float | None, headers: dict[str, Any]
    ) -> _Reply:
        limit_s = self.deadline_s if deadline_s is None else deadline_s
        deadline_at = time.monotonic() + limit_s
        # a reply that comes before its queue is there goes nowhere, and a timer may fire that early
        self.replies.queue_consumer.wait_until_read(limit_s, DeadlineExceeded(details={"service": self.service}))
        correlation_id = new_id()
        event = self.replies.get_reply_event(correlation_id)

        def unroutable() -> None:
            if not event.ready():
                event.send({"result": None, "error": pack_error(ServiceUnknown(details={"service": self.service}))})

        message = Outgoing(
            self.exchange,
            f"{self.service}.{method}",
            orjson.dumps({"args": [payload], "kwargs": {}}),
            headers,
            persistent=False,
            # a request that nobody took in time is not worth doing: its caller has given up
            properties={
                "correlation_id": correlation_id,
                "reply_to": self.replies.routing_key,
                "expiration": str(int(limit_s * 1000)),
            },
        )
        try:
            self.broker.publish(message, on_return=unroutable, timeout_s=limit_s)
        except Exception:
            self.forget(correlation_id)
            raise
        return _Reply(client, correlation_id, event, deadline_at)

    def forget(self, correlation_id: str) -> None:
        self.broker.forget(correlation_id)
        self.replies._reply_events.pop(correlation_id, None)
