"""What a broker that goes away at the worst moment does to a service that answers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from hansom.rpc import _Consumer


@pytest.mark.parametrize("broken", [ConnectionResetError("gone"), BrokenPipeError("gone")])
def test_a_connection_lost_between_reply_and_acknowledgement_does_not_end_the_service(broken: Exception) -> None:
    sent: list[Any] = []

    def acknowledge(message: Any) -> None:
        raise broken

    consumer = object.__new__(_Consumer)
    consumer.container = SimpleNamespace(config={})
    consumer.broker = SimpleNamespace(publish=sent.append)
    consumer.queue_consumer = SimpleNamespace(ack_message=acknowledge)
    message = SimpleNamespace(properties={"reply_to": "caller", "correlation_id": "1"})
    assert consumer.handle_result(message, {"done": True}, None) == ({"done": True}, None)
    assert len(sent) == 1
