"""Redis from the distribution's package: a password, loopback only, and nothing on disk (docs/adr/0013)."""

from __future__ import annotations

import shutil

from hansom.stack.home import Home, write_private
from hansom.stack.problems import Missing
from hansom.stack.program import Program

PORTS = ("redis",)

CONFIG = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir {folder}
daemonize no
appendonly no
save ""
maxmemory 0
maxmemory-policy noeviction
maxclients 2000
tcp-keepalive 60
"""


def uri(ports: dict[str, int], keys: dict[str, str]) -> str:
    return f"redis://:{keys['REDIS_PASSWORD']}@127.0.0.1:{ports['redis']}/0"


def programs(home: Home, ports: dict[str, int], keys: dict[str, str]) -> list[Program]:
    """The server. Writes its configuration. Raises Missing."""
    binary = shutil.which("redis-server")
    if binary is None:
        raise Missing("Redis is not installed: sudo apt-get install -y redis-server (or set REDIS_URI).")
    folder = home.root / "redis"
    folder.mkdir(exist_ok=True)
    text = CONFIG.format(port=ports["redis"], password=keys["REDIS_PASSWORD"], folder=folder)
    write_private(folder / "redis.conf", text)
    return [Program(name="redis", command=[binary, str(folder / "redis.conf")], directory=folder, priority=20)]
