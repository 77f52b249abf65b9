"""What Hansom's way of taking positions is compared with: services as Nameko's own documentation would write them.

`Bare` answers each socket message with what was in it. `PlainGateway` and `PlainLocation` take a position the plain
way: a socket message, an RPC, a GEOADD, an answer. Each runs in a process of its own under `nameko run`.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from hansom.stack.ports import free_port

PLAIN_KEY = "bench:plain:positions"

REPOSITORY = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 20.0

CONFIG = """\
AMQP_URI: {amqp}
WEB_SERVER_ADDRESS: 127.0.0.1:{port}
REDIS_URIS:
  live: {redis}
max_workers: {workers}
LOGGING: {{version: 1, root: {{level: CRITICAL}}}}
"""


class Peers:
    """Plain Nameko services on a free port while the block runs: `with Peers(environment, "Bare") as host`."""

    def __init__(self, environment: dict[str, str], *classes: str, workers: int = 100) -> None:
        self._environment, self._classes, self._workers = environment, classes, workers
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> tuple[str, int]:
        self._folder = tempfile.TemporaryDirectory(prefix="hansom-bench-")
        host = ("127.0.0.1", free_port())
        config = Path(self._folder.name) / "config.yaml"
        amqp, redis = self._environment["AMQP_URI"], self._environment["REDIS_URI"]
        config.write_text(CONFIG.format(amqp=amqp, redis=redis, port=host[1], workers=self._workers))
        config.chmod(0o600)
        nameko = os.path.join(os.path.dirname(sys.executable), "nameko")
        for name in self._classes:
            command = [nameko, "run", "--config", str(config), f"bench.load.plain:{name}"]
            quiet = subprocess.DEVNULL
            self._processes.append(subprocess.Popen(command, cwd=REPOSITORY, stdout=quiet, stderr=quiet))
        try:
            self._wait(host)
        except BaseException:
            self.__exit__()
            raise
        return host

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._processes]

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        self._folder.cleanup()

    def _wait(self, host: tuple[str, int]) -> None:
        give_up_at = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < give_up_at:
            try:
                socket.create_connection(host, 1).close()
                time.sleep(1.0)  # whoever answers RPCs has no port to look at
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("the plain Nameko services did not start")


def clean_up(redis: Any) -> None:
    """Remove what the plain way left in Redis."""
    redis.delete(PLAIN_KEY)
