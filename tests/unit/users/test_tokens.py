"""Tokens: ours are read, all else is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansom.contracts.errors import Unauthenticated
from hansom.tokens import (
    make_access_token,
    make_refresh_token,
    read_access_token,
    read_refresh_token,
)

CONFIG = {"JWT_SECRET": "a secret for tests only", "ACCESS_TOKEN_TTL_S": 900}
OTHER = {**CONFIG, "JWT_SECRET": "another secret"}
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def a_token(config: dict[str, Any] = CONFIG, **changes: Any) -> str:
    fields = {"user_id": "u", "role": "rider", "session_id": "s", "token_id": "s.1", "issued_at": NOW}
    return make_access_token(config, **{**fields, **changes})  # type: ignore[arg-type]


def test_an_access_token_says_who_calls_as_what_and_until_when() -> None:
    read = read_access_token(CONFIG, a_token(), now=NOW)
    assert (read.user_id, read.role, read.session_id, read.token_id) == ("u", "rider", "s", "s.1")
    assert (read.issued_at, read.expires_at) == (NOW, NOW + timedelta(seconds=900))


def test_the_same_grant_gives_the_same_tokens() -> None:
    assert a_token() == a_token()
    assert make_refresh_token(CONFIG, "s", 3) == make_refresh_token(CONFIG, "s", 3)


def test_an_access_token_is_good_until_its_second() -> None:
    token = a_token()
    assert read_access_token(CONFIG, token, now=NOW + timedelta(seconds=899))
    with pytest.raises(Unauthenticated):
        read_access_token(CONFIG, token, now=NOW + timedelta(seconds=900))


def test_an_access_token_is_judged_by_the_time_of_day_unless_told_otherwise() -> None:
    assert read_access_token(CONFIG, a_token(issued_at=datetime.now(UTC)))
    with pytest.raises(Unauthenticated):
        read_access_token(CONFIG, a_token(issued_at=datetime.now(UTC) - timedelta(seconds=901)))


def _claims(**changes: Any) -> dict[str, Any]:
    claims = {"iss": "hansom", "sub": "u", "role": "ops", "sid": "s", "iat": 0, "exp": 4e9, "jti": "s.1"}
    return {**claims, **changes}


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="nothing"),
        pytest.param("a.b.c", id="no token"),
        pytest.param("é" * 9, id="not ascii"),
        pytest.param("\ud800", id="half a character"),
        pytest.param("x" * 100_000, id="very long"),
        pytest.param(jwt.encode(_claims(), None, algorithm="none"), id="not signed"),
        pytest.param(jwt.encode(_claims(), "a secret for tests only" * 9, algorithm="HS256"), id="another key"),
        pytest.param(a_token(OTHER), id="another secret"),
        pytest.param(a_token()[:-4] + "AAAA", id="another signature"),
        pytest.param(make_refresh_token(CONFIG, "s", 1), id="a refresh token"),
        pytest.param(a_token(role="emperor"), id="a role that there is not"),
    ],
)
def test_an_access_token_that_is_not_ours_is_refused(token: str) -> None:
    with pytest.raises(Unauthenticated):
        read_access_token(CONFIG, token, now=NOW)


def test_what_is_no_text_at_all_is_refused() -> None:
    for thing in (None, 7, b"x", ["x"]):
        with pytest.raises(Unauthenticated):
            read_access_token(CONFIG, thing, now=NOW)  # type: ignore[arg-type]
        with pytest.raises(Unauthenticated):
            read_refresh_token(CONFIG, thing)  # type: ignore[arg-type]


def test_a_refresh_token_names_its_session_and_generation() -> None:
    read = read_refresh_token(CONFIG, make_refresh_token(CONFIG, "s", 3))
    assert (read.session_id, read.generation) == ("s", 3)


@pytest.mark.parametrize(
    "changed", ["s.4.{mac}", "t.3.{mac}", "s.03.{mac}", "s.3", "s.3.{mac}.", "s.-3.{mac}", "s.³.{mac}"]
)
def test_a_refresh_token_with_anything_changed_is_refused(changed: str) -> None:
    mac = make_refresh_token(CONFIG, "s", 3).rsplit(".", 1)[1]
    with pytest.raises(Unauthenticated):
        read_refresh_token(CONFIG, changed.format(mac=mac))


def test_a_refresh_token_of_another_secret_is_refused() -> None:
    with pytest.raises(Unauthenticated):
        read_refresh_token(CONFIG, make_refresh_token(OTHER, "s", 3))


@given(st.text())
def test_no_text_makes_the_readers_fail_otherwise(text: str) -> None:
    with pytest.raises(Unauthenticated):
        read_access_token(CONFIG, text, now=NOW)
    with pytest.raises(Unauthenticated):
        read_refresh_token(CONFIG, text)


def test_an_empty_secret_signs_nothing() -> None:
    with pytest.raises(ValueError):
        a_token({**CONFIG, "JWT_SECRET": ""})
