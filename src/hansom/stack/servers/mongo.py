"""The MongoDB-compatible server of the local stack: SecantusDB, in a process and a virtual environment of its own.

It is GPL-licensed: Hansom starts it and speaks MongoDB's wire protocol to it, and never imports it. Real MongoDB takes
its place when `MONGO_URI` is given.
"""

from __future__ import annotations

from hansom.stack import wheels
from hansom.stack.home import Home
from hansom.stack.program import Program

PORTS = ("mongo",)


def uri(ports: dict[str, int], keys: dict[str, str]) -> str:
    return f"mongodb://127.0.0.1:{ports['mongo']}/?directConnection=true"


def programs(home: Home, ports: dict[str, int], keys: dict[str, str]) -> list[Program]:
    """The server. Raises StackProblem when its wheel cannot be had."""
    binary = wheels.mongo_server()
    folder = home.root / "mongo"
    folder.mkdir(exist_ok=True)
    command = [
        str(binary),
        "--host",
        "127.0.0.1",
        "--port",
        str(ports["mongo"]),
        "--storage-path",
        str(folder / "data"),
    ]
    command += ["--sync-on-commit", "--standalone", "--cache-size", "256M", "--log-level", "WARNING"]
    return [Program(name="mongo", command=command, directory=folder, priority=20)]
