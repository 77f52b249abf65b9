"""`./hansom` says in one line what is wrong and what to do."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from hansom.settings import REPOSITORY


def hansom(*arguments: str, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the script itself."""
    environment = {**os.environ, "HANSOM_HOME": str(home), "HANSOM_STACK": "", "COLUMNS": "200", **variables}
    return subprocess.run(
        [str(REPOSITORY / "hansom"), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """What a failed command said; a traceback or more than a line fails the test."""
    assert done.returncode in (1, 2), done.stderr
    [line] = done.stderr.strip().splitlines()
    assert line.startswith("hansom: ")
    return line


def test_help_names_every_command(tmp_path: Path) -> None:
    text = hansom("--help", home=tmp_path).stdout

    for name in (
        "demo",
        "up",
        "down",
        "status",
        "logs",
        "migrate",
        "shell",
        "bots",
        "ops-user",
        "test",
        "lint",
        "bench",
    ):
        assert f" {name} " in text


def test_a_taken_port_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = str(server.getsockname()[1])
        said = one_line(hansom("up", home=tmp_path, PORT=port))

    assert f"Port {port} is taken" in said
    assert not (tmp_path / "postgres").exists()


def test_a_port_that_is_none_is_refused(tmp_path: Path) -> None:
    assert "is no port" in one_line(hansom("up", home=tmp_path, PORT="http"))


def test_a_folder_that_cannot_be_written_is_named() -> None:
    assert "Cannot write to /proc/hansom" in one_line(hansom("servers", "up", home=Path("/proc/hansom")))


def test_a_given_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    nowhere = {
        "AMQP_URI": "amqp://127.0.0.1:1",
        "POSTGRES_URI": "postgresql://127.0.0.1:1",
        "REDIS_URI": "redis://127.0.0.1:1",
        "MONGO_URI": "mongodb://127.0.0.1:1",
        "OSRM_URL": "http://127.0.0.1:1",
    }
    done = hansom("servers", "up", home=tmp_path, **nowhere)
    hansom("down", home=tmp_path)

    assert done.returncode == 1
    assert "does not answer" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["status", "restart rides", "migrate", "parked list", "shell"])
def test_what_needs_a_stack_says_so_when_there_is_none(tmp_path: Path, command: str) -> None:
    blank = dict.fromkeys(("AMQP_URI", "POSTGRES_URI", "REDIS_URI", "MONGO_URI", "OSRM_URL", "JWT_SECRET"), "")
    done = hansom(*command.split(), home=tmp_path, **blank)

    assert done.returncode == 1
    assert "./hansom up" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_unknown_names_are_answered_with_the_known_ones(tmp_path: Path) -> None:
    assert "gateway" in one_line(hansom("run", "planes", home=tmp_path))
    assert "There are:" in one_line(hansom("bench", "nothing", home=tmp_path))
    assert "There is no log of planes" in one_line(hansom("logs", "planes", home=tmp_path))


def test_the_script_reaches_python_quickly(tmp_path: Path) -> None:
    took = os.times()
    hansom("--help", home=tmp_path)
    after = os.times()

    spent_s = (after.children_user + after.children_system) - (took.children_user + took.children_system)
    assert spent_s < 1.0
