"""Waiting until the services of a stack take requests, and saying which of them does not."""

from __future__ import annotations

import time
from collections.abc import Iterable

import requests

from hansom.stack.home import Home
from hansom.stack.problems import StackProblem
from hansom.stack.procfile import Line
from hansom.stack.queues import connected, queue_state
from hansom.stack.supervision import Supervisor
from hansom.stack.supervisor_log import last_words

READY_TIMEOUT_S = 90


def wait_until_ready(home: Home, lines: Iterable[Line], amqp_uri: str, url: str | None) -> None:
    """Wait until each service listens for RPCs and, with `url`, the gateway says it is ready. Raises StackProblem."""
    lines = list(lines)
    deadline = time.monotonic() + READY_TIMEOUT_S
    waiting = {service: line.name for line in lines for service in line.services if service != "gateway"}
    with connected(amqp_uri) as connection:
        while waiting:
            for service in list(waiting):
                state = queue_state(connection, f"rpc-{service}")
                if state is not None and state.consumers:
                    del waiting[service]
            if waiting:
                _check(home, sorted(set(waiting.values())), deadline, f"{', '.join(waiting)} did not start")
                time.sleep(0.1)
    if url is not None:
        _wait_for_gateway(home, url, deadline)


def _wait_for_gateway(home: Home, url: str, deadline: float) -> None:
    while True:
        try:
            reply = requests.get(f"{url}/ready", timeout=5)
            if reply.status_code == 200:
                return
            reason = f"it answers {reply.status_code}: {reply.text[:200]}"
        except requests.RequestException as exc:
            reason = f"no answer ({type(exc).__name__})"
        _check(home, ["gateway"], deadline, f"The gateway at {url} is not ready: {reason}")
        time.sleep(0.1)


def _check(home: Home, names: list[str], deadline: float, what: str) -> None:
    """Raises StackProblem when the time is up or a process cannot even start."""
    broken = [
        process["name"]
        for process in Supervisor(home).processes()
        if process["name"] in names and process["statename"] in ("FATAL", "BACKOFF")
    ]
    if broken:
        raise StackProblem(
            f"{broken[0]} ends as soon as it starts ({last_words(home, broken[0])}): ./hansom logs {broken[0]}"
        )
    if time.monotonic() > deadline:
        raise StackProblem(f"{what}. {last_words(home, names[0])} (./hansom logs {names[0]})")
