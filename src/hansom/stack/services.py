"""Waiting until the services of a stack take requests, and saying which of them does not."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable

import requests

from hansom.stack.home import Home
from hansom.stack.problems import StackProblem
from hansom.stack.procfile import Line
from hansom.stack.queues import connected, queue_state
from hansom.stack.supervisor_log import History, history, last_words

READY_TIMEOUT_S = 90

TRIES = 3
"""So often a process may end while it is waited for: a store may have been away for a moment."""


def wait_until_ready(home: Home, lines: Iterable[Line], amqp_uri: str, url: str | None) -> None:
    """Wait until each service listens for RPCs and, with `url`, the gateway says it is ready. Raises StackProblem."""
    lines = list(lines)
    watch = _Watch(home, READY_TIMEOUT_S)
    services = [(service, line.name) for line in lines for service in line.services if service != "gateway"]
    waiting, replicas = dict(services), Counter(service for service, _ in services)
    with connected(amqp_uri) as connection:
        while waiting:
            for service in list(waiting):
                state = queue_state(connection, f"rpc-{service}")
                if state is not None and state.consumers >= replicas[service]:
                    del waiting[service]
            if waiting:
                watch.check(sorted(set(waiting.values())), f"{', '.join(waiting)} did not start")
                time.sleep(0.1)
    if url is not None:
        _wait_for_gateway(url, watch)


def _wait_for_gateway(url: str, watch: _Watch) -> None:
    while True:
        try:
            reply = requests.get(f"{url}/ready", timeout=5)
            if reply.status_code == 200:
                return
            reason = f"it answers {reply.status_code}: {reply.text[:200]}"
        except requests.RequestException as exc:
            reason = f"no answer ({type(exc).__name__})"
        watch.check(["gateway"], f"The gateway at {url} is not ready: {reason}")
        time.sleep(0.1)


class _Watch:
    """Tells when waiting for processes is in vain: the time is up, or one of them keeps ending."""

    def __init__(self, home: Home, timeout_s: float) -> None:
        self._home = home
        self._deadline = time.monotonic() + timeout_s
        self._before = history(home)

    def check(self, names: list[str], what: str) -> None:
        """Raises StackProblem that says `what`, and the last words of the one to blame."""
        now = history(self._home)
        for name in names:
            before = self._before.get(name, History()).restarts
            if now.get(name, History()).restarts - before >= TRIES:
                words = last_words(self._home, name)
                raise StackProblem(f"{name} ends again and again ({words}): ./hansom logs {name}")
        if time.monotonic() > self._deadline:
            raise StackProblem(f"{what}. {last_words(self._home, names[0])} (./hansom logs {names[0]})")
