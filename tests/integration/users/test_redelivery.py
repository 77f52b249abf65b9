"""A process dies after its commit and before its reply: the broker delivers the call again, to another."""

from __future__ import annotations

from typing import Any

import pytest
from nameko.containers import ServiceContainer
from nameko.standalone.rpc import ClusterRpcProxy
from sqlalchemy import select

from hansom.ids import new_id
from hansom.store import Transactions
from services.users.storage.tables import idempotency
from tests.support.identity import PASSWORD, Call, a_registration, an_email, answer


def delivered_twice(container: ServiceContainer, method: str, payload: dict[str, Any]) -> dict[str, Any]:
    """The reply to the second delivery, which is that to the first."""
    call_id = new_id()
    first, second = (answer(container, method, payload, call_id) for _ in range(2))
    assert first == second
    return second


def test_a_registration_delivered_twice_is_one_account(users: Call, container: ServiceContainer) -> None:
    reply = delivered_twice(container, "register_account", a_registration())
    assert users("get_profile", user_id=reply["user"]["id"]) == reply["user"]


def test_a_log_in_delivered_twice_is_one_session(users: Call, container: ServiceContainer) -> None:
    user = users("register_account", **a_registration())["user"]
    delivered_twice(container, "log_in", {"email": user["email"], "password": PASSWORD})


def test_a_refresh_delivered_twice_does_not_end_the_session(users: Call, container: ServiceContainer) -> None:
    reply = users("register_account", **a_registration())
    refreshed = delivered_twice(container, "refresh_session", {"refresh_token": reply["refresh_token"]})
    assert users("refresh_session", refresh_token=refreshed["refresh_token"])["user"] == reply["user"]


def test_an_ops_account_delivered_twice_is_one(container: ServiceContainer) -> None:
    payload = {"email": an_email(), "password": PASSWORD, "name": "Olga Ops"}
    assert delivered_twice(container, "create_ops_account", payload)["user"]["role"] == "ops"


@pytest.mark.usefixtures("container")
def test_a_call_over_the_broker_is_kept_under_its_own_id(config: dict[str, Any], store: Transactions) -> None:
    with ClusterRpcProxy({"AMQP_URI": config["AMQP_URI"]}, timeout=10) as cluster:
        user = cluster.users.register_account(a_registration())["user"]
    with store.begin() as session:
        replies = session.execute(select(idempotency.c.reply).where(idempotency.c.scope == "call")).scalars().all()
    assert [reply for reply in replies if reply.get("user") == user]
