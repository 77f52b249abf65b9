"""What the gateway refuses by itself, before any service is asked. Its requests and answers are api.md's."""

from __future__ import annotations

from hansom.contracts.errors import (
    Conflict,
    Forbidden,
    HansomError,
    Invalid,
    NotFound,
    TooMany,
    Unauthenticated,
    Unavailable,
    Unreadable,
    error,
)

FRAMES_QUEUE = "gateway.{gateway_id}"
"""A gateway's own queue. Messages: `{"frames": [[user_id, event, data, seq or null], ...]}`."""


@error
class UnknownPath(NotFound):
    code = "unknown_path"
    message = "There is nothing at this path."


@error
class UnknownService(NotFound):
    """`details`: `service`, those there are."""

    code = "unknown_service"
    message = "There is no such service, or it parks nothing."


@error
class PagesNotBuilt(Unavailable):
    code = "pages_not_built"
    message = "The pages are not built here: ./hansom up does it, where it reaches npm's registry."


@error
class NoWay(Conflict):
    code = "no_way"
    message = "There is no car under way for this trip."


@error
class MethodNotAllowed(HansomError):
    """`details`: `allow`, the methods that the path takes."""

    kind = "method_not_allowed"
    code = "method_not_allowed"
    message = "The path does not take this method."


@error
class TooLarge(HansomError):
    """`details`: `max_bytes`."""

    kind = "too_large"
    code = "too_large"
    message = "The body is too large."


@error
class UpgradeRequired(HansomError):
    kind = "upgrade_required"
    code = "upgrade_required"
    message = "This path speaks WebSocket (RFC 6455, version 13)."


@error
class BadRequest(Unreadable):
    code = "bad_request"
    message = "The request is not readable HTTP."


@error
class WrongRole(Forbidden):
    """`details`: `roles` that may."""

    code = "wrong_role"
    message = "An account of your kind may not do this."


@error
class RateLimited(TooMany):
    """`details`: `retry_after_s`."""

    code = "rate_limited"


@error
class NotReady(Unavailable):
    """`details`: name of each part that is down → why."""

    code = "not_ready"
    message = "A part is down."


@error
class Busy(Unavailable):
    """More is under way than this process takes at a time."""

    code = "busy"
    message = "Too much is under way: try again in a moment."


# -- socket ----------------------------------------------------------------------------------------------------------
@error
class NotAuthenticated(Unauthenticated):
    code = "not_authenticated"
    message = "The first frame must be `authenticate`."


@error
class AlreadySomebodyElse(Conflict):
    code = "already_authenticated"
    message = "This socket belongs to another user: open a new one."


@error
class UnknownMethod(NotFound):
    code = "unknown_method"
    message = "There is no such method."


@error
class UnreadableFrame(Unreadable):
    code = "unreadable_frame"
    message = 'A frame is a JSON object {"method", "data", "correlation_id"}.'


@error
class UnknownSequence(Invalid):
    code = "unknown_sequence"
    message = "The stream has no such number yet."
