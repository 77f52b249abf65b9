"""Many ask for the same answer, and it is found once."""

from __future__ import annotations

from collections.abc import Callable

import eventlet
import pytest
from eventlet.event import Event as Signal

from services.gateway.shared_answer import SharedAnswer


class Oracle:
    """Answers one, two, three... as soon as it is let; `asked` counts who came."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = Signal()

    def __call__(self) -> int:
        self.asked += 1
        number = self.asked
        self.may_answer.wait()
        return number


def all_ask(get: Callable[[], int], many: int = 5) -> list[eventlet.greenthread.GreenThread]:
    asking = [eventlet.spawn(get) for _ in range(many)]
    eventlet.sleep(0)
    return asking


def test_who_asks_meanwhile_is_given_what_is_being_found() -> None:
    oracle = Oracle()
    asking = all_ask(SharedAnswer(oracle, fresh_s=0).get)
    oracle.may_answer.send()
    assert [each.wait() for each in asking] == [1] * 5


@pytest.mark.parametrize(("fresh_s", "answers"), [(60, [1, 1]), (0, [1, 2])])
def test_an_answer_is_given_again_while_it_is_fresh(fresh_s: float, answers: list[int]) -> None:
    oracle = Oracle()
    oracle.may_answer.send()
    shared = SharedAnswer(oracle, fresh_s)
    assert [shared.get(), shared.get()] == answers


def test_who_asked_first_may_go_away() -> None:
    oracle = Oracle()
    first, *others = all_ask(SharedAnswer(oracle, fresh_s=0).get)
    first.kill()
    oracle.may_answer.send()
    assert [each.wait() for each in others] == [1] * 4


def test_a_failure_is_told_to_all_who_wait_and_not_kept() -> None:
    oracle = Oracle()
    shared = SharedAnswer(oracle, fresh_s=60)
    asking = all_ask(shared.get)
    oracle.may_answer.send_exception(OSError("no answer"))
    for each in asking:
        with pytest.raises(OSError, match="no answer"):
            each.wait()
    oracle.may_answer = Signal()
    oracle.may_answer.send()
    assert shared.get() == 2
