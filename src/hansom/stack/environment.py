"""The environment of a local stack's processes: where the servers are, its secrets, and its settings."""

from __future__ import annotations

import hmac
import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from hansom.settings import REPOSITORY
from hansom.stack.home import Home, write_private

SERVER_URIS = ("AMQP_URI", "POSTGRES_URI", "REDIS_URI", "MONGO_URI", "OSRM_URL")

LOCAL = {
    "HANSOM_ENV": "local",
    "DRIVER_AUTO_APPROVE": "true",
    # wide enough for a load test from one address
    "RATE_LIMIT_ANONYMOUS": "1000000/minute",
    "RATE_LIMIT_USER": "1000000/minute",
    "POSITION_RATE_PER_S": "500",
    "POSITION_BURST": "5000",
    "PORT": "8000",
    "REPLICAS": "",
}
"""Settings of a local stack that differ from production's; the user's environment comes before them."""

_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)")


def setting_names(config_text: str) -> set[str]:
    """Names of the environment variables that a config.yaml takes."""
    return set(_VARIABLE.findall(config_text))


def raw_config(path: Path = REPOSITORY / "config.yaml") -> dict[str, Any]:
    """config.yaml with no variable replaced: what is needed before there are servers."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def default_of(name: str, path: Path = REPOSITORY / "config.yaml") -> str:
    """What config.yaml takes for a variable that is not given: the `helsinki` of `${DEFAULT_CITY:helsinki}`."""
    found = re.search(r"\$\{" + re.escape(name) + r":([^}]*)\}", path.read_text(encoding="utf-8"))
    return found.group(1) if found else ""


def users_own(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment less what came into it by sourcing a stack's env file."""
    stack = environ.get("HANSOM_STACK")
    sourced = read_env_file(Path(stack) / "env") if stack else {}
    return {name: value for name, value in environ.items() if sourced.get(name) != value}


def read_env_file(path: Path) -> dict[str, str]:
    """What `write_env_file` wrote; empty when there is no such file."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (shlex.split(line)[1] for line in lines if line.startswith("export "))
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


def write_env_file(home: Home, values: Mapping[str, str]) -> None:
    """Write `env` in the state folder, to be sourced by a shell. Readable by its owner only: it holds passwords."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(values.items())]
    header = "# Made by ./hansom. Source it to run a service, a shell or a test by hand against this stack's servers.\n"
    write_private(home.env_file, header + "\n".join(lines) + "\n")


def stack_environment(home: Home, uris: Mapping[str, str], jwt_secret: str, own: Mapping[str, str]) -> dict[str, str]:
    """All variables of a stack's services. `own`: the user's environment, which comes before the local settings."""
    names = setting_names((REPOSITORY / "config.yaml").read_text(encoding="utf-8")) | set(LOCAL)
    values = {**LOCAL, "JWT_SECRET": jwt_secret, "CITY_DATA": str(home.cities)}
    values["SIMULATED_WEBHOOK_SECRET"] = hmac.digest(jwt_secret.encode(), b"simulated webhooks", "sha256").hex()
    values.update({name: own[name] for name in names if name in own})
    values.update(uris)
    values.update({"HANSOM_HOME": str(home.root), "HANSOM_STACK": str(home.root), "PYTHONUNBUFFERED": "1"})
    return values


def export(values: Mapping[str, str]) -> None:
    """Put them into this process' environment, for `load_config` and children."""
    os.environ.update(values)
