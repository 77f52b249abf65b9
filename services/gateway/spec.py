"""How our marshmallow fields look in JSON Schema."""

from __future__ import annotations

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.field_converter import FieldConverterMixin
from marshmallow import fields

from hansom.wire import Finite, Rfc3339


class Plugin(MarshmallowPlugin):
    """Knows the fields of `hansom.wire`; of all others it knows marshmallow's classes."""

    def init_spec(self, spec: APISpec) -> None:
        super().init_spec(spec)
        self.map_to_openapi_type(Finite, "number", None)
        self.map_to_openapi_type(Rfc3339, "string", "date-time")
        self.map_to_openapi_type(fields.Tuple, "array", None)
        assert self.converter is not None
        self.converter.add_attribute_function(_row)
        self.converter.add_attribute_function(_pattern)


def _row(converter: FieldConverterMixin, field: fields.Field, **kwargs: Any) -> dict[str, Any]:
    """What stands where in a row."""
    if not isinstance(field, fields.Tuple):
        return {}
    items = [converter.field2property(each) for each in field.tuple_fields]
    return {"prefixItems": items, "minItems": len(items), "maxItems": len(items)}


def _pattern(converter: FieldConverterMixin, field: fields.Field, ret: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Python's ends of a text, as every reader of JSON Schema (ECMA 262) knows them."""
    found = ret.get("pattern")
    return {"pattern": found.replace(r"\A", "^").replace(r"\Z", "$")} if found else {}


def marshmallow_plugin() -> MarshmallowPlugin:
    return Plugin(schema_name_resolver=_name)


def _name(schema: Any) -> str:
    found = schema if isinstance(schema, type) else type(schema)
    return found.__name__
