"""Queues as the command line asks for them: a broker that is away is one line that says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import amqp

from hansom import queues
from hansom.queues import QueueState, known_queues, queue_state
from hansom.stack.problems import StackProblem

__all__ = ["QueueState", "connected", "known_queues", "queue_state", "queue_states", "reaching_the_broker"]


@contextmanager
def reaching_the_broker() -> Iterator[None]:
    """Raises StackProblem when the broker cannot be reached in the block."""
    try:
        yield
    except (OSError, amqp.AMQPError) as exc:
        raise StackProblem(f"RabbitMQ does not answer ({exc}): is the stack up? ./hansom status") from exc


@contextmanager
def connected(uri: str) -> Iterator[amqp.Connection]:
    """An open connection whose publishing waits for confirms. Raises StackProblem when the broker cannot be reached."""
    with reaching_the_broker(), queues.connected(uri) as connection:
        yield connection


def queue_states(uri: str, names: list[str]) -> list[QueueState]:
    """States of those of the queues that are there. Raises StackProblem."""
    with connected(uri) as connection:
        states = [queue_state(connection, name) for name in names]
    return [state for state in states if state is not None]
