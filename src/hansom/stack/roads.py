"""OSRM's files of one city: making them, and asking them while no server of the stack does."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import requests

from hansom.cities import Area
from hansom.cities.files import Measures, read_segments, write_measures
from hansom.stack import wheels
from hansom.stack.ports import free_port
from hansom.stack.probes import osrm_answers, wait_for
from hansom.stack.problems import StackProblem

ROADS_FILE = "roads.osrm"

EXTRACT_OPTIONS = ("--small-component-size", "100")
"""OSRM avoids snapping to road islands of fewer nodes than this. By default it is 1,000, more than the whole of a
city centre has; then every yard that the extract's edge cuts off counts as much as the city, and a third of all routes
fail."""

READY_S = 20


def build_roads(extract: Path, folder: Path) -> None:
    """Make OSRM's files of an extract in `folder`. Raises StackProblem."""
    roads = str(folder / ROADS_FILE)
    profile = str(wheels.osrm_profile("car.lua"))
    _run("osrm-extract", "-p", profile, "-o", roads, *EXTRACT_OPTIONS, str(extract))
    _run("osrm-partition", roads)
    _run("osrm-customize", roads)


def measure_roads(folder: Path, area: Area, key: str) -> Measures:
    """Write `measures.json` beside a city's roads and segments, asked of a server that lives as long as the asking.

    Raises StackProblem when the roads join too few places to drive between.
    """
    with served(folder) as url:
        return measure_at(url, folder, area, key)


def measure_at(url: str, folder: Path, area: Area, key: str) -> Measures:
    """The same, asked of the OSRM at `url`. Raises StackProblem."""
    from hansom.cities.measuring import NotMeasured, measure

    try:
        measures = measure(url, area, read_segments(folder), seed=len(key))
    except NotMeasured as exc:
        raise StackProblem(f"The roads of {key} cannot be measured: {exc} in its service area.") from exc
    except (requests.RequestException, ValueError) as exc:
        raise StackProblem(f"The OSRM of {key} at {url} does not answer ({type(exc).__name__}).") from exc
    write_measures(folder, measures)
    return measures


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a city's roads on a free port of loopback."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [str(wheels.osrm_binary("osrm-routed")), "--algorithm", "mld", "--ip", "127.0.0.1", "--port", str(port)]
    command += ["--threads", "1", "--verbosity", "ERROR", str(folder / ROADS_FILE)]
    if shutil.which("setpriv"):
        # the kernel then ends it when this process is killed and cannot
        command = ["setpriv", "--pdeathsig", "KILL", *command]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
    try:
        wait_for("OSRM", partial(osrm_answers, url), READY_S, "its roads are being measured")
        yield url
    finally:
        server.kill()
        server.wait()


def _run(program: str, *arguments: str) -> None:
    command = [str(wheels.osrm_binary(program)), "--verbosity", "WARNING", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/tmp")
    if done.returncode != 0:
        last = ((done.stderr + done.stdout).strip().splitlines() or ["no message"])[-1]
        raise StackProblem(f"{program} failed: {last}")
