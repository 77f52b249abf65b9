"""How our marshmallow fields look in JSON Schema."""

from __future__ import annotations

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from hansom.wire import Finite, Rfc3339


class Plugin(MarshmallowPlugin):
    """Knows the fields of `hansom.wire`; of all others it knows marshmallow's classes."""

    def init_spec(self, spec: APISpec) -> None:
        super().init_spec(spec)
        self.map_to_openapi_type(Finite, "number", None)
        self.map_to_openapi_type(Rfc3339, "string", "date-time")


def marshmallow_plugin() -> MarshmallowPlugin:
    return Plugin(schema_name_resolver=_name)


def _name(schema: Any) -> str:
    found = schema if isinstance(schema, type) else type(schema)
    return found.__name__
