"""Accounts: one for each address, made once however often it is asked for."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from hansom.contracts.errors import IdempotencyKeyReused, Invalid
from hansom.contracts.users import EmailTaken, UnknownUser
from hansom.store import Transactions
from hansom.tokens import read_access_token, read_refresh_token
from services.users.storage.tables import accounts
from tests.support.identity import Call, a_key, a_registration, an_ear, an_email, at_once, example
from tests.support.waiting import eventually


def accounts_of(store: Transactions, email: str) -> int:
    with store.begin() as session:
        return session.execute(select(func.count()).where(accounts.c.email == email.lower())).scalar_one()


def test_a_rider_registers_and_is_logged_in(users: Call, config: dict[str, Any]) -> None:
    email = an_email()
    reply = users("register_account", **a_registration(email=email.upper(), name=" Ann  Example "))
    user = reply["user"]
    assert user == {
        "id": user["id"],
        "role": "rider",
        "email": email,
        "name": "Ann  Example",
        "phone": "+358401234567",
        "locale": "en",
        "language": None,
        "rating": None,
        "rating_count": 0,
        "created_at": user["created_at"],
    }
    access = read_access_token(config, reply["access_token"])
    refresh = read_refresh_token(config, reply["refresh_token"])
    assert (access.user_id, access.role, access.session_id) == (user["id"], "rider", refresh.session_id)
    assert reply["expires_in"] == config["ACCESS_TOKEN_TTL_S"]
    assert users("verify_session", session_id=access.session_id) == {
        "active": True,
        "user_id": user["id"],
        "role": "rider",
    }


def test_a_registration_is_told_once(users: Call, config: dict[str, Any]) -> None:
    with an_ear(config, "users") as ear:
        user = users("register_account", **a_registration())["user"]
        told = eventually(lambda: ear.heard("account_registered", user_id=user["id"]))
        assert told == [{"user_id": user["id"], "role": "rider", "name": "Ann Example", "vehicle": None}]


def test_what_is_told_of_a_driver_is_what_the_example_says(users: Call, config: dict[str, Any]) -> None:
    expected = example("users.account_registered")["data"]
    driver = a_registration(role="driver", name=expected["name"], vehicle=expected["vehicle"])
    with an_ear(config, "users") as ear:
        user = users("register_account", **driver)["user"]
        told = eventually(lambda: ear.heard("account_registered", user_id=user["id"]))
        assert told == [{**expected, "user_id": user["id"]}]
        renamed = example("users.profile_changed")["data"]
        users("update_profile", user_id=user["id"], changes={"name": renamed["name"]})
        told = eventually(lambda: ear.heard("profile_changed", user_id=user["id"]))
        assert told == [{**renamed, "user_id": user["id"]}]


def test_an_address_in_other_letters_is_the_same_address(users: Call, store: Transactions) -> None:
    email = an_email()
    users("register_account", **a_registration(email=email))
    with pytest.raises(EmailTaken):
        users("register_account", **a_registration(email=f" {email.title()} "))
    with pytest.raises(EmailTaken):
        users("create_ops_account", email=email.upper(), password="correct horse", name="Olga Ops")
    assert accounts_of(store, email) == 1


def test_the_database_itself_keeps_addresses_normal_and_apart(users: Call, store: Transactions) -> None:
    ids = [users("register_account", **a_registration())["user"]["id"] for _ in range(2)]
    email = users("get_profile", user_id=ids[0])["email"]
    for wrong in (email.upper(), email):
        with pytest.raises(IntegrityError), store.begin() as session:
            session.execute(update(accounts).where(accounts.c.id == ids[1]).values(email=wrong))


def test_of_many_registrations_of_one_address_at_once_one_wins(users: Call, store: Transactions) -> None:
    email = an_email()
    spellings = [email, email.upper(), email.title(), f" {email}", email]
    results = at_once(
        *[
            lambda spelling=spelling: users("register_account", **a_registration(email=spelling))
            for spelling in spellings
        ]
    )
    assert sorted(type(result).__name__ for result in results) == ["EmailTaken"] * 4 + ["dict"]
    assert accounts_of(store, email) == 1


def test_a_double_tapped_registration_is_one_account_with_one_answer(users: Call, store: Transactions) -> None:
    registration = a_registration(idempotency=a_key())
    results = at_once(*[lambda: users("register_account", **registration)] * 5)
    bodies = {orjson.dumps(result) for result in results}
    assert len(bodies) == 1, "the same answer, to the byte"
    assert results[0]["user"]["email"] == registration["email"]
    assert accounts_of(store, registration["email"]) == 1
    assert orjson.dumps(users("register_account", **registration)) in bodies


def test_a_key_with_another_body_is_refused(users: Call, store: Transactions) -> None:
    registration = a_registration(idempotency=a_key("one body"))
    users("register_account", **registration)
    other = a_registration(idempotency={**registration["idempotency"], "fingerprint": "another"})
    with pytest.raises(IdempotencyKeyReused):
        users("register_account", **other)
    assert accounts_of(store, other["email"]) == 0


def test_a_wrong_registration_leaves_nothing_behind_and_its_key_free(users: Call, store: Transactions) -> None:
    registration = a_registration(idempotency=a_key())
    with pytest.raises(Invalid) as refusal:
        users("register_account", **{**registration, "password": "short"})
    assert list(refusal.value.details) == ["password"]
    assert accounts_of(store, registration["email"]) == 0
    assert users("register_account", **registration)["user"]["email"] == registration["email"]


def test_nobody_registers_as_ops(users: Call) -> None:
    with pytest.raises(Invalid) as refusal:
        users("register_account", **a_registration(role="ops"))
    assert list(refusal.value.details) == ["role"]


def test_an_ops_account_is_made_by_its_own_call(users: Call) -> None:
    email = an_email()
    user = users("create_ops_account", email=email, password="correct horse", name="Olga Ops")["user"]
    assert (user["role"], user["email"], user["phone"]) == ("ops", email, None)
    assert users("log_in", email=email, password="correct horse")["user"] == user


def test_no_password_and_no_token_is_stored(users: Call, store: Transactions) -> None:
    registration = a_registration(idempotency=a_key())
    reply = users("register_account", **registration)
    with store.begin() as session:
        connection = session.connection()
        for table in ("accounts", "sessions", "idempotency", "outbox"):
            rows = connection.exec_driver_sql(f"SELECT row_to_json(t)::text FROM {table} t").scalars().all()
            everything = "\n".join(rows)
            assert registration["password"] not in everything
            assert reply["access_token"] not in everything
            assert reply["refresh_token"] not in everything


def test_a_profile_of_nobody_is_unknown(users: Call) -> None:
    with pytest.raises(UnknownUser):
        users("get_profile", user_id="nobody")
    user = users("register_account", **a_registration())["user"]
    assert users("get_profiles", user_ids=["nobody", user["id"], user["id"]]) == {"items": {user["id"]: user}}
