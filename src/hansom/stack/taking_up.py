"""Having a running stack take up changed cities."""

from __future__ import annotations

import re

from hansom.cities import osrm_urls
from hansom.stack import environment
from hansom.stack.cities import default_city
from hansom.stack.home import Home
from hansom.stack.keys import stack_keys
from hansom.stack.local import SERVER_MODULES, LocalStack
from hansom.stack.ports import kept_ports
from hansom.stack.procfile import read_procfile
from hansom.stack.progress import Progress
from hansom.stack.servers import osrm
from hansom.stack.supervision import Supervisor


def take_up(home: Home, progress: Progress) -> bool:
    """Start the road servers of cities that came, stop those of cities that went, and the services that run again.

    Gives whether the stack runs. Raises StackProblem.
    """
    if not Supervisor(home).is_running():
        return False
    stack = LocalStack(home, progress, own_of_running(home))
    running = stack.running_services()
    lines = [line for line in read_procfile() if any(_is_of(process, line.name) for process in running)]
    if lines:
        stack.up(lines)
    else:
        stack.servers_up()
    return True


def own_of_running(home: Home) -> dict[str, str]:
    """What the running stack was started with that is the user's own: all but the addresses of private servers.

    The shell of this moment need not have the variables that the stack was started with.
    """
    values = environment.read_env_file(home.env_file)
    ports, keys = kept_ports(home), stack_keys(home)
    for name, module in SERVER_MODULES.items():
        if set(module.PORTS) <= set(ports) and values.get(name) == module.uri(ports, keys):
            del values[name]
    if values.get("OSRM_URL") == _private_roads(ports, default_city(home)):
        del values["OSRM_URL"]
    roads = osrm_urls(values.get("OSRM_URLS", ""))
    values["OSRM_URLS"] = " ".join(f"{city}={url}" for city, url in roads.items() if url != _private_roads(ports, city))
    return values


def _private_roads(ports: dict[str, int], city: str) -> str:
    return osrm.uri(ports, city) if osrm.port_name(city) in ports else ""


def _is_of(process: str, line: str) -> bool:
    """Whether a process is the line of the Procfile or one of its replicas."""
    return re.fullmatch(rf"{re.escape(line)}(-\d+)?", process) is not None
