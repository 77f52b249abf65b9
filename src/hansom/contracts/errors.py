"""Errors that cross a service's border.

An error has a *kind*, which the gateway maps to an HTTP status, and a *code*, a stable word for clients. It travels as
its ``args`` (message, details), which must be plain JSON; the class is found again by its module path.
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

E = TypeVar("E", bound="type[HansomError]")

REGISTRY: dict[str, type[HansomError]] = {}
"""Module path → class. The RPC client rebuilds a remote error from it."""


def error(cls: E) -> E:
    """Make an error known to RPC clients, so that they raise the very class that the service raised."""
    REGISTRY[f"{cls.__module__}.{cls.__name__}"] = cls
    return cls


class HansomError(Exception):
    """Something a caller is told. `details` is JSON: for `Invalid`, field name → list of messages."""

    kind: ClassVar[str] = "internal"
    code: ClassVar[str] = "internal_error"
    message: ClassVar[str] = "Something went wrong on our side."

    def __init__(self, message: str = "", details: dict[str, Any] | None = None) -> None:
        self.text = message or type(self).message
        self.details = details or {}
        super().__init__(self.text, self.details)

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"


@error
class InternalError(HansomError):
    """A bug: logged with its traceback where it happened; the caller learns no more than this."""


@error
class Unreadable(HansomError):
    kind = "unreadable"
    code = "unreadable_body"
    message = "The body is not readable JSON."


@error
class Unauthenticated(HansomError):
    kind = "unauthenticated"
    code = "unauthenticated"
    message = "Log in first: the access token is missing, wrong or expired."


@error
class Forbidden(HansomError):
    kind = "forbidden"
    code = "forbidden"
    message = "This is not yours."


@error
class NotFound(HansomError):
    kind = "not_found"
    code = "not_found"
    message = "There is no such thing."


@error
class Conflict(HansomError):
    kind = "conflict"
    code = "conflict"
    message = "The state forbids it."


@error
class Invalid(HansomError):
    kind = "invalid"
    code = "invalid"
    message = "A field is wrong."


@error
class TooMany(HansomError):
    kind = "too_many"
    code = "too_many_requests"
    message = "Too many requests: wait a little."


@error
class Unavailable(HansomError):
    """A part is down or late. Nothing is known to be wrong with the request: try again."""

    kind = "unavailable"
    code = "unavailable"
    message = "A part of the service is down: try again in a moment."


@error
class DeadlineExceeded(Unavailable):
    code = "deadline_exceeded"
    message = "A part of the service answered too late: try again in a moment."


@error
class ServiceUnknown(Unavailable):
    code = "service_unknown"
    message = "A part of the service is not running: try again in a moment."


@error
class StoreUnavailable(Unavailable):
    code = "store_unavailable"
    message = "A store is down: try again in a moment."


@error
class IdempotencyKeyReused(Conflict):
    code = "idempotency_key_reused"
    message = "This Idempotency-Key was used with another body."
