"""Log in, refresh, log out."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median
from typing import Any

import pytest
from argon2 import PasswordHasher
from nameko.containers import ServiceContainer
from nameko.testing.services import entrypoint_hook
from sqlalchemy import update

from hansom.contracts.errors import HansomError, IdempotencyKeyReused, Invalid
from hansom.contracts.users import BadCredentials, BadRefreshToken, SessionEnded
from hansom.store import Transactions
from hansom.tokens import make_refresh_token, read_access_token
from services.users.storage.tables import accounts, sessions
from tests.support.identity import PASSWORD, Call, a_key, a_registration, an_email, at_once


@pytest.fixture
def rider(users: Call) -> dict[str, Any]:
    """Somebody who has just registered: user and tokens."""
    return users("register_account", **a_registration())


def session_of(reply: dict[str, Any]) -> str:
    return reply["refresh_token"].split(".")[0]


def is_active(users: Call, reply: dict[str, Any]) -> bool:
    session_id = session_of(reply)
    active: bool = users("verify_session", session_id=session_id)["active"]
    asked_with_others = users("verify_sessions", session_ids=["never", session_id])
    assert asked_with_others == {"active": [session_id] if active else []}
    return active


def test_a_user_logs_in_with_his_address_in_any_letters(users: Call, rider: dict[str, Any]) -> None:
    reply = users("log_in", email=f" {rider['user']['email'].upper()}", password=PASSWORD)
    assert reply["user"] == rider["user"]
    assert session_of(reply) != session_of(rider)
    assert is_active(users, reply)
    assert is_active(users, rider)


@pytest.mark.parametrize("password", ["correct horsf", "Correct horse", "correct horse ", "x"])
def test_a_wrong_password_is_refused(users: Call, rider: dict[str, Any], password: str) -> None:
    with pytest.raises(BadCredentials):
        users("log_in", email=rider["user"]["email"], password=password)


def test_an_unknown_address_is_refused_in_the_same_words_and_about_the_same_time(
    users: Call, rider: dict[str, Any]
) -> None:
    refusals: dict[bool, list[HansomError]] = {True: [], False: []}
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(15):
        for known in (True, False):
            email = rider["user"]["email"] if known else an_email()
            began = time.perf_counter()
            with pytest.raises(BadCredentials) as refusal:
                users("log_in", email=email, password="not his password")
            seconds[known].append(time.perf_counter() - began)
            refusals[known].append(refusal.value)
    assert {error.args[0] for error in refusals[True]} == {error.args[0] for error in refusals[False]}
    ratio = median(seconds[False]) / median(seconds[True])
    # without the hash it is a tenth; the rest is room for a busy machine
    assert 0.4 < ratio < 2.5, f"an unknown address takes {ratio:.2f} of the time of a known one"


def test_a_log_in_that_is_repeated_with_its_key_is_one_session(users: Call, rider: dict[str, Any]) -> None:
    login = {"email": rider["user"]["email"], "password": PASSWORD, "idempotency": a_key()}
    replies = at_once(*[partial(users, "log_in", **login)] * 4)
    assert [reply == replies[0] for reply in replies] == [True] * 4
    with pytest.raises(IdempotencyKeyReused):
        users("log_in", **{**login, "idempotency": {**login["idempotency"], "fingerprint": "another"}})


def test_a_refresh_gives_a_new_pair(users: Call, rider: dict[str, Any], config: dict[str, Any]) -> None:
    second = users("refresh_session", refresh_token=rider["refresh_token"])
    third = users("refresh_session", refresh_token=second["refresh_token"])
    assert len({reply["refresh_token"] for reply in (rider, second, third)}) == 3
    assert len({reply["access_token"] for reply in (rider, second, third)}) == 3
    assert {session_of(reply) for reply in (rider, second, third)} == {session_of(rider)}
    assert read_access_token(config, third["access_token"]).user_id == rider["user"]["id"]
    assert third["user"] == rider["user"]


def test_a_used_refresh_token_ends_the_whole_session(users: Call, rider: dict[str, Any]) -> None:
    second = users("refresh_session", refresh_token=rider["refresh_token"])
    with pytest.raises(SessionEnded) as refusal:
        users("refresh_session", refresh_token=rider["refresh_token"])
    assert refusal.value.details == {"session_id": session_of(rider)}
    assert not is_active(users, rider)
    with pytest.raises(SessionEnded):
        users("refresh_session", refresh_token=second["refresh_token"])


def test_of_two_refreshes_with_one_token_at_once_one_wins_and_the_other_ends_the_session(
    users: Call, rider: dict[str, Any]
) -> None:
    refresh = partial(users, "refresh_session", refresh_token=rider["refresh_token"])
    results = at_once(refresh, refresh)
    [winner] = [result for result in results if isinstance(result, dict)]
    [loser] = [result for result in results if isinstance(result, SessionEnded)]
    assert loser.details == {"session_id": session_of(rider)}
    assert not is_active(users, rider)
    with pytest.raises(SessionEnded):
        users("refresh_session", refresh_token=winner["refresh_token"])


def test_a_refresh_whose_answer_was_lost_is_asked_for_again_with_its_key(users: Call, rider: dict[str, Any]) -> None:
    request = {"refresh_token": rider["refresh_token"], "idempotency": a_key()}
    replies = at_once(*[partial(users, "refresh_session", **request)] * 4)
    assert [reply == replies[0] for reply in replies] == [True] * 4
    assert is_active(users, rider)
    assert users("refresh_session", refresh_token=replies[0]["refresh_token"])


def test_log_out_ends_that_session_only_and_may_be_repeated(users: Call, rider: dict[str, Any]) -> None:
    other = users("log_in", email=rider["user"]["email"], password=PASSWORD)
    for _ in range(2):
        assert users("end_session", session_id=session_of(rider)) == {}
    assert not is_active(users, rider)
    assert is_active(users, other)
    with pytest.raises(SessionEnded):
        users("refresh_session", refresh_token=rider["refresh_token"])


def test_a_session_that_never_was_is_not_active(users: Call, config: dict[str, Any]) -> None:
    assert users("verify_session", session_id="never") == {"active": False, "user_id": None, "role": None}
    assert users("end_session", session_id="never") == {}
    with pytest.raises(SessionEnded):
        users("refresh_session", refresh_token=make_refresh_token(config, "never", 1))


@pytest.mark.parametrize("token", ["rubbish", "a.1.b", "a.b.c", "....", "\x00", "é.1.é"])
def test_a_refresh_token_that_is_not_ours_is_refused(users: Call, token: str) -> None:
    with pytest.raises(BadRefreshToken):
        users("refresh_session", refresh_token=token)


@pytest.mark.parametrize("token", ["", None, 7, ["x"], "x" * 3000])
def test_what_cannot_be_a_refresh_token_is_named(users: Call, token: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        users("refresh_session", refresh_token=token)
    assert list(refusal.value.details) == ["refresh_token"]


def test_a_session_not_refreshed_in_time_is_over(users: Call, rider: dict[str, Any], store: Transactions) -> None:
    with store.begin() as session:
        past = datetime.now(UTC) - timedelta(seconds=1)
        session.execute(update(sessions).where(sessions.c.id == session_of(rider)).values(expires_at=past))
    assert not is_active(users, rider)
    with pytest.raises(SessionEnded):
        users("refresh_session", refresh_token=rider["refresh_token"])


def test_old_sessions_are_tidied_away_and_running_ones_stay(
    users: Call, rider: dict[str, Any], store: Transactions, container: ServiceContainer
) -> None:
    ended = users("log_in", email=rider["user"]["email"], password=PASSWORD)
    with store.begin() as session:
        long_ago = datetime.now(UTC) - timedelta(days=8)
        row = update(sessions).where(sessions.c.id == session_of(ended))
        session.execute(row.values(ended_at=long_ago, end_reason="logged_out"))
    with entrypoint_hook(container, "tidy_up") as tidy_up:
        tidy_up()
    assert users("verify_session", session_id=session_of(ended))["user_id"] is None
    assert is_active(users, rider)


def test_a_weak_hash_is_made_stronger_at_log_in(users: Call, rider: dict[str, Any], store: Transactions) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    mine = accounts.c.id == rider["user"]["id"]
    with store.begin() as session:
        session.execute(update(accounts).where(mine).values(password_hash=weak))
    users("log_in", email=rider["user"]["email"], password=PASSWORD)
    with store.begin() as session:
        stored = session.execute(accounts.select().where(mine)).one().password_hash
    assert stored != weak
    assert "m=19456,t=2" in stored
    assert users("log_in", email=rider["user"]["email"], password=PASSWORD)
