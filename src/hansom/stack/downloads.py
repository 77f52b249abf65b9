"""Extracts by a city's name, which pyrosm fetches where there is internet.

pyrosm runs in a virtual environment of its own, made when it is first asked for: it brings all of geopandas.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from hansom.stack import wheels
from hansom.stack.home import SHARED
from hansom.stack.problems import StackProblem
from hansom.stack.progress import Progress

FETCH = """
import sys
from pyrosm import get_data
print(get_data(sys.argv[1], directory=sys.argv[2], progress=False))
"""
"""`get_data` gives the path of the file, fetched or already there."""

TIMEOUT_S = 3600


def fetched(name: str, progress: Progress) -> Path:
    """The extract of a city or a country that pyrosm knows (BBBike, Geofabrik). Raises StackProblem."""
    with progress.step("Fetching pyrosm"):
        python = wheels.pyrosm_python()
    folder = SHARED / "extracts" / "fetched"
    folder.mkdir(parents=True, exist_ok=True)
    with progress.step(f"Fetching the extract of {name}"):
        return fetch(python, name, folder)


def fetch(python: Path, name: str, folder: Path) -> Path:
    """Have pyrosm fetch an extract into `folder`. Raises StackProblem with its reason."""
    command = [str(python), "-W", "ignore", "-c", FETCH, name, str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise StackProblem(f"The extract of {name} was not fetched within an hour: {_instead(name)}") from None
    lines = done.stdout.strip().splitlines()
    if done.returncode == 0 and lines and Path(lines[-1]).is_file():
        return Path(lines[-1])
    reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
    raise StackProblem(f"pyrosm could not fetch the extract of {name} ({reason}): {_instead(name)}")


def _instead(name: str) -> str:
    return f"download an .osm.pbf file yourself and give it: ./hansom city add {name} FILE.osm.pbf"
