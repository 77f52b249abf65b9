"""A session's life: each refresh token is good once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.users.domain.sessions import EndReason, Session, begin, end, refresh

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TTL = timedelta(days=30)


def a_session(**changes: object) -> Session:
    fields = {"id": "s", "account_id": "a", "generation": 1, "created_at": NOW, "refreshed_at": NOW}
    return Session(**{**fields, "expires_at": NOW + TTL, **changes})  # type: ignore[arg-type]


def test_a_new_session_runs_until_its_time_is_over() -> None:
    session = begin("s", "a", NOW, TTL)
    assert session == a_session()
    assert session.runs(NOW)
    assert session.runs(NOW + TTL - timedelta(seconds=1))
    assert not session.runs(NOW + TTL)


def test_the_good_token_moves_the_session_on_and_gives_it_time() -> None:
    later = NOW + timedelta(days=3)
    after = refresh(a_session(generation=4), 4, later, TTL)
    assert (after.generation, after.refreshed_at, after.expires_at) == (5, later, later + TTL)
    assert after.runs(later)


def test_a_used_token_ends_the_session() -> None:
    after = refresh(a_session(generation=5), 4, NOW, TTL)
    assert (after.ended_at, after.end_reason) == (NOW, EndReason.TOKEN_REUSED)
    assert not after.runs(NOW)


def test_a_token_from_the_future_ends_the_session_too() -> None:
    assert not refresh(a_session(generation=5), 6, NOW, TTL).runs(NOW)


def test_a_session_that_is_over_stays_as_it_is() -> None:
    ended = end(a_session(), EndReason.LOGGED_OUT, NOW)
    expired = a_session(expires_at=NOW)
    for over in (ended, expired):
        assert refresh(over, 1, NOW, TTL) is over


def test_the_first_reason_for_an_end_stays() -> None:
    ended = end(a_session(), EndReason.LOGGED_OUT, NOW)
    assert end(ended, EndReason.TOKEN_REUSED, NOW + TTL) is ended
