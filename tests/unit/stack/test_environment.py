"""The environment of a stack's processes."""

from pathlib import Path

import pytest

from hansom.stack import environment
from hansom.stack.home import Home, write_private

URIS = {name: f"{name.lower()}://there" for name in environment.SERVER_URIS}


def test_names_of_settings_are_read_from_the_config() -> None:
    assert environment.setting_names("A: ${AMQP_URI}\nB: ${PORT:8000} ${X_2:}") == {"AMQP_URI", "PORT", "X_2"}


def test_the_env_file_gives_back_what_was_written(tmp_path: Path) -> None:
    values = {"PLAIN": "1", "SPACED": "a b", "QUOTED": 'it\'s "so" $HOME', "EMPTY": "", "EQUALS": "a=b=c"}
    environment.write_env_file(Home(tmp_path), values)

    assert environment.read_env_file(tmp_path / "env") == values
    assert (tmp_path / "env").stat().st_mode & 0o777 == 0o600


def test_a_missing_env_file_is_empty(tmp_path: Path) -> None:
    assert environment.read_env_file(tmp_path / "env") == {}


def test_local_settings_give_way_to_the_users_own(tmp_path: Path) -> None:
    own = {"DRIVER_AUTO_APPROVE": "false", "BATCH_WINDOW_S": "1", "EDITOR": "vi"}
    values = environment.stack_environment(Home(tmp_path), URIS, "secret", own)

    assert values["DRIVER_AUTO_APPROVE"] == "false"
    assert values["BATCH_WINDOW_S"] == "1"
    assert values["HANSOM_ENV"] == "local"
    assert "EDITOR" not in values


def test_the_stacks_servers_come_before_what_the_shell_says_of_them(tmp_path: Path) -> None:
    values = environment.stack_environment(Home(tmp_path), URIS, "secret", {"REDIS_URI": "redis://elsewhere"})

    assert values["REDIS_URI"] == URIS["REDIS_URI"]


def test_a_sourced_env_file_is_not_the_users_own(tmp_path: Path) -> None:
    environment.write_env_file(Home(tmp_path), {"REDIS_URI": "redis://ours", "PORT": "8000"})
    shell = {"HANSOM_STACK": str(tmp_path), "REDIS_URI": "redis://ours", "PORT": "9000", "HOME": "/home/me"}

    assert environment.users_own(shell) == {"PORT": "9000", "HOME": "/home/me", "HANSOM_STACK": str(tmp_path)}


def test_private_files_are_never_readable_by_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secrets"
    write_private(path, "one")
    write_private(path, "two")

    assert path.read_text(encoding="utf-8") == "two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["secrets"]
