"""The same key with the same body: one effect and one reply, whatever happens at the same moment."""

from __future__ import annotations

from typing import Any

import eventlet
import pytest
from sqlalchemy import func, insert, select

from hansom.contracts.errors import Conflict, IdempotencyKeyReused
from hansom.idempotency import once, replay

from .conftest import idempotency, notes


def request(key: str = "k", fingerprint: str = "f") -> dict[str, str]:
    return {"scope": "someone", "key": key, "fingerprint": fingerprint}


def write(store: Any, wanted: dict[str, str] | None, text: str, pause_s: float = 0) -> dict[str, Any]:
    with store.begin() as session:

        def do() -> dict[str, Any]:
            session.execute(insert(notes).values(event_id="-", text=text))
            eventlet.sleep(pause_s)
            if text == "refused":
                raise Conflict()
            return {"text": text}

        return once(session, idempotency, wanted, do)


def count(store: Any) -> int:
    with store.begin() as session:
        return session.execute(select(func.count()).select_from(notes)).scalar_one()


def test_ten_twins_at_once_have_one_effect_and_one_reply(store: Any) -> None:
    pool = eventlet.GreenPool(10)
    replies = list(pool.imap(lambda n: write(store, request(), f"note {n}", pause_s=0.05), range(10)))
    assert count(store) == 1
    assert all(reply == replies[0] for reply in replies)


def test_another_body_with_the_same_key_is_refused(store: Any) -> None:
    write(store, request(), "first")
    with pytest.raises(IdempotencyKeyReused):
        write(store, request(fingerprint="other"), "second")
    assert count(store) == 1


def test_a_failed_try_does_not_use_up_the_key(store: Any) -> None:
    with pytest.raises(Conflict):
        write(store, request(), "refused")
    assert write(store, request(), "allowed") == {"text": "allowed"}


def test_without_a_key_each_call_has_its_effect(store: Any) -> None:
    write(store, None, "a"), write(store, None, "b")
    assert count(store) == 2


def test_a_reply_can_be_looked_up_before_the_work_is_prepared(store: Any) -> None:
    with store.begin() as session:
        assert replay(session, idempotency, request()) is None
    write(store, request(), "done")
    with store.begin() as session:
        assert replay(session, idempotency, request()) == {"text": "done"}
