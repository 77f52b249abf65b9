"""Operators find people by what they remember of a name or an address."""

from __future__ import annotations

from uuid import uuid4

import pytest

from hansom.contracts.errors import Invalid
from hansom.store import Transactions
from tests.support.identity import Call, a_registration


def test_somebody_is_found_by_the_beginnings_of_his_names_and_of_his_address(users: Call) -> None:
    mark = f"Zq{uuid4().hex[:8]}"
    registration = a_registration(name=f"Åsa-Maria O'Hara {mark}")
    asa = users("register_account", **registration)["user"]["id"]
    bo = users("register_account", **a_registration(name=f"Bo {mark}"))["user"]["id"]

    def found(q: str) -> list[str]:
        return users("find_accounts", q=q)["user_ids"]

    assert found(mark.lower()) == [bo, asa], "newest first, in whatever case"
    for q in (f"åsa {mark}", f"maria {mark[:6]}", f"hara {mark}", f"{mark} o", registration["email"].upper()[:24]):
        assert found(q) == [asa], q
    assert users("find_accounts", q=mark, limit=1)["user_ids"] == [bo]
    assert found(f"{mark}x") == []


@pytest.mark.parametrize("q", ["' | '", "!", "a':*b", "\\", ":*", "%", "_", "& | !()"])
def test_nothing_that_is_typed_means_something_to_the_database(users: Call, q: str) -> None:
    assert isinstance(users("find_accounts", q=q + uuid4().hex)["user_ids"], list)
    assert isinstance(users("find_accounts", q=q)["user_ids"], list)


def test_an_empty_or_endless_search_is_refused(users: Call) -> None:
    for q in ("", "x" * 101):
        with pytest.raises(Invalid):
            users("find_accounts", q=q)


def test_both_ways_to_be_found_have_an_index(store: Transactions) -> None:
    with store.begin() as session:
        connection = session.connection()
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = connection.exec_driver_sql(
            "EXPLAIN SELECT id FROM accounts WHERE email LIKE 'aino%%'"
            " OR to_tsvector('simple'::regconfig, name) @@ to_tsquery('simple', '''aino'':*')"
        )
        lines = "\n".join(row[0] for row in plan)
    assert "ix_accounts_email" in lines and "ix_accounts_name_words" in lines, lines
