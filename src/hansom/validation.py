"""Input that does not fit its schema becomes `Invalid`, naming each field; and text that every store can hold."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields

from hansom.contracts.errors import Invalid


def load(schema: Schema, payload: Any) -> Any:
    """What the schema makes of the payload. Raises Invalid with field path (`vehicle.plate`) → messages."""
    try:
        return schema.load(payload)
    except ValidationError as exc:
        raise Invalid(details=by_path(exc.normalized_messages())) from exc


def by_path(messages: Mapping[Any, Any], prefix: str = "") -> dict[str, list[str]]:
    """Marshmallow's nested messages, flat: `{"vehicle": {"plate": [...]}}` → `{"vehicle.plate": [...]}`."""
    flat: dict[str, list[str]] = {}
    for name, found in messages.items():
        path = prefix if name == "_schema" and prefix else f"{prefix}.{name}" if prefix else str(name)
        if isinstance(found, Mapping):
            flat.update(by_path(found, path))
        else:
            flat.setdefault(path, []).extend([found] if isinstance(found, str) else [str(one) for one in found])
    return flat


_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Unicode's embeddings, overrides and isolates: left open, they turn round the sentence that a name is shown in."""


class PlainText(fields.String):
    """Text as people type it: trimmed, in Unicode's NFC, of `shortest`..`longest` characters.

    Refuses control characters (a NUL has no place in Postgres), lone surrogates (they have none in UTF-8) and what
    turns the text around it; `multiline` allows tabs and line breaks. Text of which nothing is seen is empty.
    """

    default_error_messages = {
        "control": "Has characters that are not text.",
        "empty": "Must not be empty.",
        "short": "Shorter than {shortest} characters.",
        "long": "Longer than {longest} characters.",
    }

    def __init__(self, *, shortest: int = 1, longest: int, multiline: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shortest, self.longest = shortest, longest
        self.allowed_controls = frozenset("\n\r\t") if multiline else frozenset()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        if len(value) > 4 * self.longest + 64:  # before any work is done on it
            raise self.make_error("long", longest=self.longest)
        text = unicodedata.normalize("NFC", value).strip()
        kinds = [unicodedata.category(char) for char in text]
        if any(
            kind in ("Cc", "Cs") and char not in self.allowed_controls for char, kind in zip(text, kinds, strict=True)
        ):
            raise self.make_error("control")
        if not _TURNING.isdisjoint(text):
            raise self.make_error("control")
        if self.shortest and all(kind == "Cf" or kind[0] == "Z" for kind in kinds):
            raise self.make_error("empty")
        if len(text) < self.shortest:
            raise self.make_error("short", shortest=self.shortest)
        if len(text) > self.longest:
            raise self.make_error("long", longest=self.longest)
        return text
