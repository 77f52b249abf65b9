"""OSRM's routing server, one for each city."""

from __future__ import annotations

from pathlib import Path

from hansom.stack import wheels
from hansom.stack.home import Home
from hansom.stack.program import Program


def port_name(city: str) -> str:
    return f"osrm-{city}"


def uri(ports: dict[str, int], city: str) -> str:
    return f"http://127.0.0.1:{ports[port_name(city)]}"


def program(home: Home, ports: dict[str, int], city: str, *, alone: bool = False) -> Program:
    """The server of a prepared city. `alone`: it is started and stopped without the other servers."""
    roads: Path = home.cities / city / "roads.osrm"
    command = [str(wheels.osrm_binary("osrm-routed")), "--algorithm", "mld", "--ip", "127.0.0.1"]
    command += [
        "--port",
        str(ports[port_name(city)]),
        "--threads",
        "2",
        "--keepalive-timeout",
        "60",
        "--verbosity",
        "WARNING",
    ]
    command += ["--max-table-size", "10000", "--max-matching-size", "1000", "--max-nearest-size", "100", str(roads)]
    return Program(name=f"osrm-{city}", command=command, directory=home.cities / city, priority=20, alone=alone)
