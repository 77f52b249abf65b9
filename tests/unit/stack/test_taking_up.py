"""A running stack that takes up a city goes on with what it was started with."""

from __future__ import annotations

import json
from pathlib import Path

from hansom.stack import environment
from hansom.stack.home import Home
from hansom.stack.keys import stack_keys
from hansom.stack.local import SERVER_MODULES
from hansom.stack.servers import osrm
from hansom.stack.taking_up import own_of_running


def a_stack(home: Home, **values: str) -> dict[str, str]:
    """The environment of a stack with private servers, but for `values`."""
    names = [port for module in SERVER_MODULES.values() for port in module.PORTS]
    ports = {name: 20000 + number for number, name in enumerate([*names, "osrm-helsinki", "osrm-turku"])}
    (home.root / "ports.json").write_text(json.dumps(ports))
    keys = stack_keys(home)
    private = {name: module.uri(ports, keys) for name, module in SERVER_MODULES.items()}
    roads = {"OSRM_URL": osrm.uri(ports, "helsinki"), "OSRM_URLS": f"turku={osrm.uri(ports, 'turku')}"}
    made = {**private, **roads, "PORT": "8000", **values}
    environment.write_env_file(home, made)
    return made


def test_private_servers_are_not_taken_for_the_users_own(tmp_path: Path) -> None:
    home = Home(tmp_path).make()
    a_stack(home, BATCH_WINDOW_S="1")
    own = own_of_running(home)
    assert own == {"PORT": "8000", "BATCH_WINDOW_S": "1", "OSRM_URLS": ""}


def test_the_users_servers_stay_whatever_shell_the_city_is_added_from(tmp_path: Path) -> None:
    home = Home(tmp_path).make()
    a_stack(
        home,
        REDIS_URI="redis://elsewhere:6379/0",
        OSRM_URL="http://roads:5000",
        OSRM_URLS="turku=http://turku:5000 lahti=http://lahti:5000",
    )
    own = own_of_running(home)
    assert own["REDIS_URI"] == "redis://elsewhere:6379/0"
    assert own["OSRM_URL"] == "http://roads:5000"
    assert own["OSRM_URLS"] == "turku=http://turku:5000 lahti=http://lahti:5000"
    assert "AMQP_URI" not in own
