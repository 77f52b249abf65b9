"""What does not answer is left alone, and tried by one."""

from __future__ import annotations

from services.payments.provider.stripe.circuit import LOST_IN_A_ROW, Circuit


class Seconds:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def an_open_circuit(clock: Seconds, pause_s: float = 2.0) -> Circuit:
    circuit = Circuit(pause_s, clock)
    for _ in range(LOST_IN_A_ROW):
        assert circuit.may_ask()
        circuit.lost()
    return circuit


def test_a_few_lost_answers_are_no_reason_to_stop_asking() -> None:
    circuit = Circuit(2.0, Seconds())
    for _ in range(3):
        for _ in range(LOST_IN_A_ROW - 1):
            circuit.lost()
        assert circuit.may_ask()
        circuit.answered()


def test_after_a_row_of_them_nobody_asks_for_a_moment_and_then_one_does() -> None:
    clock = Seconds()
    circuit = an_open_circuit(clock)
    assert not circuit.may_ask()
    clock.now_s += 2.1
    assert [circuit.may_ask() for _ in range(3)] == [True, False, False]


def test_the_answer_of_the_one_who_tried_lets_all_ask_again() -> None:
    clock = Seconds()
    circuit = an_open_circuit(clock)
    clock.now_s += 2.1
    assert circuit.may_ask()
    circuit.answered()
    assert all(circuit.may_ask() for _ in range(3))


def test_when_he_had_none_it_is_left_alone_again() -> None:
    clock = Seconds()
    circuit = an_open_circuit(clock)
    clock.now_s += 2.1
    assert circuit.may_ask()
    clock.now_s += 1.0
    circuit.lost()
    clock.now_s += 1.5
    assert not circuit.may_ask()
    clock.now_s += 1.0
    assert circuit.may_ask()


def test_without_a_pause_it_is_never_open() -> None:
    circuit = an_open_circuit(Seconds(), pause_s=0.0)
    assert all(circuit.may_ask() for _ in range(3))
