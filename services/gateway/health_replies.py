"""The wire of how everything is: services, stores, queues, parked messages."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from hansom.validation import PlainText
from hansom.wire import Finite, Rfc3339
from services.gateway.replies import Reply
from services.gateway.schemas import Id, Query, QueryInteger

MAYBE: dict[str, Any] = {"required": True, "allow_none": True}

MANY_PARKED = 1000
"""Messages that one request tries again or drops."""


class ServiceHealth(Reply):
    """All but the name is null while RabbitMQ does not answer: then nobody knows."""

    name = fields.String(required=True)
    ok = fields.Boolean(**MAYBE)
    why = fields.String(**MAYBE, metadata={"description": "Why it is not ok, or not known."})
    consumers = fields.Integer(**MAYBE, metadata={"description": "Readers of its queues, of requests and of work."})
    processes = fields.Integer(**MAYBE, metadata={"description": "Processes that answer its requests."})
    ready_messages = fields.Integer(**MAYBE, metadata={"description": "Messages that nobody has taken yet."})
    parked = fields.Integer(**MAYBE, metadata={"description": "Messages that it gave up."})


class StoreHealth(Reply):
    name = fields.String(required=True, metadata={"description": "rabbitmq, postgres, redis, mongodb, osrm-<city>"})
    ok = fields.Boolean(required=True)
    why = fields.String(**MAYBE)
    answer_ms = Finite(**MAYBE)
    facts = fields.Dict(required=True, metadata={"description": "Such as its version, connections, memory."})


class OutboxHealth(Reply):
    """Null while PostgreSQL does not answer."""

    service = fields.String(required=True)
    waiting = fields.Integer(**MAYBE, metadata={"description": "Events that are committed and not yet sent."})
    oldest_s = Finite(**MAYBE, metadata={"description": "For how long the oldest waits."})


class GatewayUp(Reply):
    id = fields.String(required=True)
    sockets = fields.Integer(required=True)


class EverybodysHealth(Reply):
    at = Rfc3339(required=True)
    services = fields.List(fields.Nested(ServiceHealth), required=True)
    stores = fields.List(fields.Nested(StoreHealth), required=True)
    outboxes = fields.List(fields.Nested(OutboxHealth), required=True)
    gateways = fields.List(fields.Nested(GatewayUp), required=True)


class ParkedQuery(Query):
    service = Id()
    limit = QueryInteger(load_default=50, validate=validate.Range(1, 200))


class ParkedMessage(Reply):
    service = fields.String(required=True)
    queue = fields.String(**MAYBE, metadata={"description": "Which it came from; null when nothing in it says so."})
    id = fields.String(required=True)
    name = fields.String(required=True, metadata={"description": "<publisher>.<type>"})
    key = fields.String(required=True, metadata={"description": "What it is about, such as a trip's id."})
    error = fields.String(required=True)
    parked_at = Rfc3339(**MAYBE)
    tries = fields.Integer(**MAYBE)
    body = fields.String(required=True)


class Parked(Reply):
    items = fields.List(fields.Nested(ParkedMessage), required=True)
    counts = fields.Dict(
        fields.String(), fields.Integer(), required=True, metadata={"description": "By service; no entry: none."}
    )


def _ids() -> fields.List:
    return fields.List(
        Id(),
        validate=validate.Length(1, MANY_PARKED),
        metadata={"description": "Of these messages only; otherwise of all of the service."},
    )


class RetryParked(Schema):
    ids = _ids()


class DropParked(Schema):
    reason = PlainText(required=True, shortest=3, longest=500)
    ids = _ids()


class RetriedParked(Reply):
    retried = fields.Integer(required=True)
    left = fields.Integer(required=True, metadata={"description": "Nothing in them says which queue they came from."})


class DroppedParked(Reply):
    dropped = fields.Integer(required=True)
