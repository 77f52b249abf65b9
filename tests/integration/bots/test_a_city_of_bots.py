"""The bots as they are run, in a process of their own, against a gateway with nothing behind it."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SPEED_MPS = 100.0
"""Streets as fast as no city has, so that rides end within a test's patience."""


@contextmanager
def a_gateway(*arguments: str) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.support.fake_gateway", "--speed", str(SPEED_MPS), *arguments]
    gateway = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert gateway.stdout is not None
        yield gateway.stdout.readline().split()[-1]
    finally:
        gateway.terminate()
        gateway.wait(10)


def run_bots(url: str, *arguments: str) -> tuple[int, dict[str, Any], str]:
    command = [sys.executable, "-m", "hansom.bots", "--url", url, "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    return done.returncode, json.loads(done.stdout.splitlines()[-1]), done.stdout + done.stderr


def what_it_saw(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}/fake/log") as answer:
        return json.load(answer)


def test_a_city_of_bots_finishes_its_rides() -> None:
    with a_gateway() as url:
        status, report, said = run_bots(url, "--drivers", "20", "--riders", "20", "--for", "24", "--drain", "60")
        saw = what_it_saw(url)
    assert status == 0, said
    assert report["completed"] >= 3
    assert report["stuck"] == report["bots_died"] == report["events"]["seq_gaps"] == 0
    assert not report["falling_behind"]
    assert 20 >= report["hints"]["heard"] > report["hints"]["followed"] > 0
    states = [trip["state"] for trip in saw["trips"]]
    assert states.count("completed") == report["completed"]
    assert len(states) == report["requested"]


def test_cars_drive_at_the_speed_of_the_roads_and_never_jump() -> None:
    with a_gateway() as url:
        run_bots(url, "--drivers", "20", "--riders", "5", "--for", "15", "--drain", "1")
        saw = what_it_saw(url)
    assert saw["log"]["positions"] > 200
    assert saw["fastest_mps"] < 1.1 * SPEED_MPS + 10  # and the noise of two fixes


def test_answers_that_are_lost_or_refused_for_now_cost_no_ride() -> None:
    with a_gateway("--faults", "0.1") as url:
        status, report, said = run_bots(url, "--drivers", "15", "--riders", "8", "--for", "12", "--drain", "80")
        saw = what_it_saw(url)
    assert status == 0, said
    assert saw["log"]["answers_lost"] > 0
    assert saw["log"]["unavailable"] > 0
    assert report["errors"]["http_503"] > 0
    assert len(saw["trips"]) == report["requested"]


def test_bots_that_find_no_gateway_say_so_and_end() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hansom.bots", "--url", "http://127.0.0.1:1", "--patience", "1"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "cannot start at http://127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr
