"""What an AMQP URI says, and what it leaves unsaid, of the connection that is opened."""

from __future__ import annotations

from typing import Any

import amqp
import pytest

from hansom.amqp_uri import open_connection


class Dialled(amqp.Connection):
    """A connection that would be: it keeps what it was made with, and calls nobody."""

    def __init__(self, **asked: Any) -> None:
        super().__init__(**asked)
        self.asked = asked

    def connect(self, callback: Any = None) -> None:
        """There is no broker in a unit test."""


@pytest.mark.parametrize(
    ("uri", "host", "login", "virtual_host", "is_tls"),
    [
        ("amqp://rabbit", "rabbit:5672", ("guest", "guest"), "/", False),
        ("amqp://rabbit:5673/", "rabbit:5673", ("guest", "guest"), "/", False),
        ("amqps://rabbit/rides", "rabbit:5671", ("guest", "guest"), "rides", True),
        ("amqp://me:p%40ss%2F@rabbit:1/%2Fa%20b", "rabbit:1", ("me", "p@ss/"), "/a b", False),
        ("amqp:///rides", "127.0.0.1:5672", ("guest", "guest"), "rides", False),
    ],
)
def test_an_uri_names_broker_login_and_virtual_host(
    uri: str, host: str, login: tuple[str, str], virtual_host: str, is_tls: bool
) -> None:
    asked = open_connection(uri, connect_timeout_s=1, kind=Dialled).asked
    assert (asked["host"], asked["ssl"]) == (host, is_tls)
    assert (asked["userid"], asked["password"], asked["virtual_host"]) == (*login, virtual_host)


def test_a_connection_is_as_patient_as_it_is_asked_to_be() -> None:
    asked = open_connection(
        "amqp://rabbit", connect_timeout_s=1, read_timeout_s=2, heartbeat_s=3, confirm_publish=True, kind=Dialled
    ).asked
    assert (asked["connect_timeout"], asked["read_timeout"], asked["heartbeat"]) == (1, 2, 3)
    assert asked["confirm_publish"]
