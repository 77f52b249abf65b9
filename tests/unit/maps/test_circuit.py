"""The circuit breaker before the road server."""

from __future__ import annotations

import pytest

from hansom.contracts.maps import RoadsUnavailable
from services.maps.storage.circuit import Circuit
from tests.support.waiting import eventually


def test_after_a_failure_nobody_is_let_through_until_a_probe_is_answered() -> None:
    answers, probes = list[bool](), list[bool]()

    def probe() -> bool:
        probes.append(bool(answers))
        return probes[-1]

    circuit = Circuit("osrm", probe, pause_s=0.005)
    circuit.check()
    circuit.note_failure()
    circuit.note_failure()
    with pytest.raises(RoadsUnavailable) as told:
        circuit.check()
    assert told.value.details["retry_after_s"] >= 1
    eventually(lambda: len(probes) >= 2, within_s=2)
    assert circuit.is_open
    answers.append(True)
    eventually(lambda: not circuit.is_open, within_s=2)
    circuit.check()


def test_a_probe_that_breaks_does_not_keep_the_circuit_open_for_good() -> None:
    def breaks() -> bool:
        raise RuntimeError("a bug")

    circuit = Circuit("osrm", breaks, pause_s=0.005)
    circuit.note_failure()
    eventually(lambda: not circuit.is_open, within_s=2)
