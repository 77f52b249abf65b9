"""A road server of a benchmark's own: OSRM on any extract, prepared as the project prepares a city."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import urllib3

from hansom.stack import wheels
from hansom.stack.cities import EXTRACT_OPTIONS
from hansom.stack.ports import free_port

CACHE = Path(tempfile.gettempdir()) / "hansom-bench-roads"
STARTS_WITHIN_S = 30.0


class NoRoadServer(Exception):
    """OSRM could not read the extract, or did not start."""


def prepared(extract: Path) -> Path:
    """OSRM's files of an extract, made on first use and kept in the system's temporary folder. Raises NoRoadServer."""
    digest = hashlib.sha256(extract.read_bytes() + repr((wheels.OSRM, EXTRACT_OPTIONS)).encode()).hexdigest()[:16]
    target = CACHE / digest
    if not target.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as draft:
            folder = Path(draft) / "made"
            folder.mkdir()
            roads, profile = str(folder / "roads.osrm"), str(wheels.osrm_profile("car.lua"))
            _run("osrm-extract", "-p", profile, "-o", roads, *EXTRACT_OPTIONS, str(extract))
            _run("osrm-partition", roads)
            _run("osrm-customize", roads)
            folder.rename(target)
    return target / "roads.osrm"


@contextmanager
def road_server(extract: Path) -> Iterator[str]:
    """The address of an OSRM server of this extract, which runs while the block does. Raises NoRoadServer."""
    roads, port = prepared(extract), free_port()
    command = [str(wheels.osrm_binary("osrm-routed")), "--algorithm", "mld", "--ip", "127.0.0.1", "--port", str(port)]
    command += [
        "--threads",
        "2",
        "--keepalive-timeout",
        "60",
        "--verbosity",
        "ERROR",
        "--max-matching-size",
        "1000",
        "--max-table-size",
        "1000",
        str(roads),
    ]
    if shutil.which("setpriv"):
        # the kernel then ends it when this process is killed and cannot
        command = ["setpriv", "--pdeathsig", "KILL", *command]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, server)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=10)


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until and server.poll() is None:
        try:
            answer = urllib3.request("GET", f"{url}/nearest/v1/driving/0,0", timeout=1.0, retries=False)
            orjson.loads(answer.data)
            return
        except (urllib3.exceptions.HTTPError, orjson.JSONDecodeError):
            time.sleep(0.05)
    raise NoRoadServer("osrm-routed did not start")


def _run(program: str, *arguments: str) -> None:
    command = [str(wheels.osrm_binary(program)), "--verbosity", "WARNING", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=CACHE)
    if done.returncode != 0:
        raise NoRoadServer(f"{program}: {(done.stderr + done.stdout).strip()[-300:]}")
