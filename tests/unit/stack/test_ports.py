"""Choosing ports."""

import itertools
import socket

import pytest

from hansom.stack.ports import assign_ports, check_public_port, is_free
from hansom.stack.problems import StackProblem


def test_a_free_port_is_kept() -> None:
    assert assign_ports({"redis": 21000}, ["redis"], lambda port: True, lambda: 1) == {"redis": 21000}


def test_a_port_that_somebody_took_is_chosen_again() -> None:
    assigned = assign_ports({"redis": 21000}, ["redis"], lambda port: port != 21000, lambda: 22000)

    assert assigned == {"redis": 22000}


def test_no_two_servers_get_one_port() -> None:
    drawn = itertools.cycle([5, 5, 6, 7])
    assigned = assign_ports({}, ["a", "b", "c"], lambda port: True, lambda: next(drawn))

    assert sorted(assigned.values()) == [5, 6, 7]


def test_ports_of_servers_that_are_not_asked_for_stay() -> None:
    assert assign_ports({"osrm-oslo": 9}, ["redis"], lambda port: True, lambda: 8) == {"osrm-oslo": 9, "redis": 8}


def test_a_taken_public_port_says_who_has_it_and_what_to_do() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]

        assert not is_free(port)
        with pytest.raises(StackProblem, match=rf"Port {port} is taken.*PORT=\d+ ./hansom up"):
            check_public_port(str(port))


@pytest.mark.parametrize("text", ["", "http", "-1", "0", "65536", "80 80"])
def test_what_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(StackProblem, match="is no port"):
        check_public_port(text)
