"""Logs as JSON lines: who, what, which request; never an e-mail, a phone number, a token or a raw position."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars, merge_contextvars

__all__ = ["bind", "clear", "current", "json_formatter"]

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def bind(**fields: Any) -> None:
    """Add fields to every line that this worker logs from now on."""
    bind_contextvars(**fields)


def clear() -> None:
    clear_contextvars()


def current() -> dict[str, Any]:
    """The fields bound in this worker."""
    return get_contextvars()


def _extras(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    record: logging.LogRecord = event["_record"]
    for key, value in vars(record).items():
        if key not in _STANDARD and not key.startswith("_"):
            event.setdefault(key, value)
    event["logger"] = record.name
    return event


def json_formatter() -> logging.Formatter:
    """For `LOGGING` in config.yaml: one JSON object a line."""
    return structlog.stdlib.ProcessorFormatter(
        processors=[
            _extras,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(
                serializer=lambda event, **_: orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
            ),
        ],
        foreign_pre_chain=[
            merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
        ],
    )
