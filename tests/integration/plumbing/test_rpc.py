"""Calls: errors keep their class, every call has a deadline, bugs stay inside."""

from __future__ import annotations

import time
from typing import Any, ClassVar

import eventlet
import pytest
from nameko.standalone.rpc import ClusterRpcProxy
from nameko.testing.services import entrypoint_hook

from hansom.contracts.errors import Conflict, DeadlineExceeded, InternalError, Invalid, ServiceUnknown, error
from hansom.rpc import ServiceClient, _Queues, rpc
from hansom.timers import every
from tests.support.waiting import eventually


@error
class CupboardLocked(Conflict):
    code = "cupboard_locked"
    message = "The cupboard is locked."


class Answerer:
    name = "answerer"

    @rpc
    def echo(self, payload: dict[str, Any]) -> dict[str, Any]:
        return payload

    @rpc
    def refuse(self, payload: dict[str, Any]) -> dict[str, Any]:
        raise CupboardLocked(details={"since": 3, "keys": ["a", None, 1.5]})

    @rpc
    def break_down(self, payload: dict[str, Any]) -> dict[str, Any]:
        return payload["no such key"]

    @rpc
    def dawdle(self, payload: dict[str, Any]) -> dict[str, Any]:
        eventlet.sleep(30)
        return {}


class Asker:
    name = "asker"
    answerer = ServiceClient("answerer")
    nobody = ServiceClient("nobody_at_all")

    @rpc
    def ask(self, payload: dict[str, Any]) -> dict[str, Any]:
        client = getattr(self, payload.get("whom", "answerer"))
        return client.call(payload["method"], payload.get("with", {}), payload.get("deadline_s"))

    @rpc
    def ask_many(self, payload: dict[str, Any]) -> dict[str, Any]:
        calls = [self.answerer.call_async("echo", {"n": n}) for n in range(payload["n"])]
        return {"numbers": [call.result()["n"] for call in calls]}


class Hasty:
    """Asks in the very moment in which it starts."""

    name = "hasty"
    answerer = ServiceClient("answerer")
    answers: ClassVar[list[dict[str, Any]]] = []

    @every("HASTE_S")
    def ask(self) -> None:
        self.answers.append(self.answerer.echo({"n": 1}))


@pytest.fixture
def ask(run: Any) -> Any:
    run(Answerer)
    asker = run(Asker)

    def call(method: str, **more: Any) -> Any:
        with entrypoint_hook(asker, "ask") as entrypoint:
            return entrypoint({"method": method, **more})

    return call


def test_an_error_arrives_as_its_own_class_with_its_details(ask: Any) -> None:
    with pytest.raises(CupboardLocked) as caught:
        ask("refuse")
    assert caught.value.details == {"since": 3, "keys": ["a", None, 1.5]}
    assert (caught.value.kind, caught.value.code) == ("conflict", "cupboard_locked")


def test_a_bug_tells_the_caller_nothing_of_the_inside(ask: Any) -> None:
    with pytest.raises(InternalError) as caught:
        ask("break_down")
    assert "no such key" not in str(caught.value.args)


def test_a_call_ends_at_its_deadline(ask: Any) -> None:
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        ask("dawdle", deadline_s=0.2)
    assert time.monotonic() - began < 2


def test_a_service_that_does_not_run_is_told_at_once(ask: Any) -> None:
    began = time.monotonic()
    with pytest.raises(ServiceUnknown):
        ask("anything", whom="nobody")
    assert time.monotonic() - began < 2


def test_an_unknown_method_is_refused(ask: Any) -> None:
    with pytest.raises(Invalid):
        ask("no_such_method")


def test_many_calls_at_once_each_get_their_own_reply(run: Any) -> None:
    run(Answerer)
    with entrypoint_hook(run(Asker), "ask_many") as ask_many:
        assert ask_many({"n": 200}) == {"numbers": list(range(200))}


def test_a_plain_nameko_client_can_call_too(ask: Any, plumbing: dict[str, Any]) -> None:
    with ClusterRpcProxy(plumbing, timeout=5) as cluster:
        assert cluster.answerer.echo({"hello": "ä"}) == {"hello": "ä"}


def test_who_asks_while_it_starts_is_answered(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its queue of replies is there only after a while, and a reply before that would go nowhere."""
    run(Answerer)
    declare_and_read = _Queues.run

    def run_late(queues: _Queues) -> None:
        eventlet.sleep(0.3)
        declare_and_read(queues)

    monkeypatch.setattr(_Queues, "run", run_late)
    Hasty.answers = []
    run(Hasty, HASTE_S=60)
    assert eventually(lambda: Hasty.answers, within_s=3) == [{"n": 1}]
