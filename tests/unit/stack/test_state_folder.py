"""What a stack keeps in its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from hansom.stack.code import code_stamp
from hansom.stack.home import Home
from hansom.stack.keys import NAMES, stack_keys
from hansom.stack.problems import StackProblem
from hansom.stack.report import _without_password
from hansom.stack.wiping import wipe_data


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "state").make()


def test_secrets_are_made_once(home: Home) -> None:
    first = stack_keys(home)

    assert set(first) == set(NAMES)
    assert len(set(first.values())) == len(NAMES)
    assert stack_keys(home) == first


def test_two_stacks_share_no_secret(home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path / "other").make()

    assert not set(stack_keys(home).values()) & set(stack_keys(other).values())


def test_a_folder_that_is_a_file_is_a_problem_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StackProblem, match="set HANSOM_HOME"):
        Home(tmp_path / "file").make()


def test_wiping_takes_what_stands_behind_a_link_too(home: Home, tmp_path: Path) -> None:
    elsewhere = tmp_path / "var" / "postgres"
    elsewhere.mkdir(parents=True)
    (elsewhere / "PG_VERSION").write_text("15")
    (home.root / "postgres").symlink_to(elsewhere)
    (home.root / "redis").mkdir()
    (home.root / "venv").mkdir()
    stack_keys(home)

    wipe_data(home)

    assert not elsewhere.exists()
    assert [path.name for path in home.root.iterdir()] == ["venv"]


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("amqp://me:secret@host:1/vhost", "amqp://host:1/vhost"),
        ("redis://:secret@host:1/0", "redis://host:1/0"),
        ("postgresql://me:p@ss@host:1", "postgresql://host:1"),
        ("http://host:1", "http://host:1"),
    ],
)
def test_addresses_are_shown_without_who_logs_in(uri: str, shown: str) -> None:
    assert _without_password(uri) == shown


def test_the_code_stamp_changes_with_a_service_and_not_with_the_command_line(tmp_path: Path) -> None:
    for folder in ("services/trips", "src/hansom/cli"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.py").write_text("1")
    (tmp_path / "config.yaml").write_text("A: 1")
    stamps = [code_stamp(tmp_path)]

    (tmp_path / "src/hansom/cli/a.py").write_text("2")
    assert code_stamp(tmp_path) == stamps[0]
    for name in ("services/trips/a.py", "config.yaml"):
        (tmp_path / name).write_text("2")
        stamps.append(code_stamp(tmp_path))
    assert len(set(stamps)) == 3
