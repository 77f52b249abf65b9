"""Accounts and sessions."""

from __future__ import annotations

from typing import Any

from hansom.contracts.errors import Invalid
from hansom.contracts.users import SessionEnded
from services.gateway import replies, schemas
from services.gateway.http.answers import Answer
from services.gateway.http.route import ANYONE, USER, Call, route
from services.gateway.routes.needs import Needs
from services.gateway.session_cookies import SessionCookies, kept_token


class AccountRoutes(Needs):
    @route("POST", "/v1/riders", who=ANYONE, body=schemas.NewRider(), gives=replies.Session(), status=201, keyed=True,
           summary="Register a rider")  # fmt: skip
    def register_rider(self, call: Call) -> Any:
        return self._session(call, self.users.register_account(call.with_key(role="rider", **call.data)))

    @route("POST", "/v1/drivers", who=ANYONE, body=schemas.NewDriver(), gives=replies.Session(), status=201, keyed=True,
           summary="Register a driver and his vehicle")  # fmt: skip
    def register_driver(self, call: Call) -> Any:
        return self._session(call, self.drivers.register_driver(call.with_key(**call.data)))

    @route("POST", "/v1/sessions", who=ANYONE, body=schemas.Credentials(), gives=replies.Session(), status=201,
           refuses=frozenset({401}), keyed=True, summary="Log in")  # fmt: skip
    def log_in(self, call: Call) -> Any:
        return self._session(call, self.users.log_in(call.with_key(**call.data)))

    @route("POST", "/v1/sessions/refresh", who=ANYONE, body=schemas.RefreshRequest(), gives=replies.Session(),
           refuses=frozenset({401}), keyed=True,
           summary="Swap a refresh token for a new pair; a used one ends the session")  # fmt: skip
    def refresh_session(self, call: Call) -> Any:
        token = call.data.get("refresh_token")
        if token is None:
            if call.session_cookie is None:
                raise Invalid(details={"refresh_token": ["Missing data for required field."]})
            token = kept_token(call.cookies, call.session_cookie)
        try:
            return self._session(call, self.users.refresh_session(call.with_key(refresh_token=token)), 200)
        except SessionEnded as exc:
            if "session_id" in exc.details:
                self._forget_session(exc.details["session_id"])
            raise

    @route("DELETE", "/v1/sessions/current", who=USER, status=204, summary="Log out, at once")
    def log_out(self, call: Call) -> Any:
        assert call.caller is not None
        self.users.end_session({"session_id": call.caller.session_id})
        self._forget_session(call.caller.session_id)
        forgotten = [self.cookies.forget(call.session_cookie)] if call.session_cookie is not None else []
        return Answer(204, headers=forgotten)

    def _session(self, call: Call, session: dict[str, Any], status: int = 201) -> Any:
        """The session as apps get it; a browser's refresh token goes into a cookie."""
        return session if call.session_cookie is None else self.cookies.answer(session, call.session_cookie, status)

    @property
    def cookies(self) -> SessionCookies:
        return SessionCookies(self.config)

    def _forget_session(self, session_id: str) -> None:
        self.access.revoke(session_id)
        self.sockets.close_session(session_id)

    @route("GET", "/v1/me", who=USER, gives=replies.Profile(), summary="The caller's profile")
    def get_profile(self, call: Call) -> Any:
        profile = self.users.call_async("get_profile", {"user_id": call.user_id})
        return self._with_work(call, profile.result())

    @route("PATCH", "/v1/me", who=USER, body=schemas.ProfileChanges(), gives=replies.Profile(),
           summary="Change the caller's profile")  # fmt: skip
    def update_profile(self, call: Call) -> Any:
        changes = self.users.update_profile({"user_id": call.user_id, "changes": call.data})
        return self._with_work(call, changes)

    def _with_work(self, call: Call, profile: dict[str, Any]) -> dict[str, Any]:
        """A driver's profile shows his vehicle, his approval and whether he is online, too."""
        if call.actor["role"] != "driver":
            return profile
        driver = self.drivers.get_driver({"driver_id": call.user_id})
        return {**profile, **{name: driver[name] for name in ("vehicle", "approval", "online") if name in driver}}
