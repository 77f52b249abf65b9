"""supervisord keeps the processes running: its configuration, and talking to it over its socket."""

from __future__ import annotations

import hashlib
import http.client
import os
import resource
import signal
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil
from supervisor.xmlrpc import SupervisorTransport

from hansom.settings import REPOSITORY
from hansom.stack.home import Home, write_private
from hansom.stack.problems import StackProblem
from hansom.stack.program import Program

MARK = "HANSOM_SUPERVISED_BY"
"""Environment variable of every process that a stack started: its state folder."""

SERVERS, SERVICES = "servers", "services"

FILES_WANTED = 65536
"""A gateway holds a socket for each client, RabbitMQ some for each process."""

_DAEMON = """\
[supervisord]
logfile={log}/supervisord.log
logfile_maxbytes=5MB
logfile_backups=2
pidfile={run}/supervisord.pid
childlogdir={log}
directory={repository}
umask=022
minfds={files}
minprocs=200
nocleanup=true
loglevel=info
environment={mark}

[unix_http_server]
file={socket}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[group:{servers}]
programs={server_names}
priority=10

{services_group}
"""

_PROGRAM = """\
[program:{name}]
command={command}
directory={directory}
environment={environment}
{user}autostart={autostart}
autorestart=true
startsecs=1
startretries=1000000
stopsignal={stop_signal}
stopwaitsecs={stop_s}
stopasgroup=false
killasgroup=true
priority={priority}
redirect_stderr=true
stdout_logfile={log}/{name}.log
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=3
"""


def socket_path(home: Home) -> Path:
    """Where supervisord listens: in the state folder, unless that makes a path too long for a socket."""
    path = home.run / "supervisor.sock"
    if len(str(path)) <= 90:
        return path
    folder = Path("/tmp") / f"hansom-{os.getuid()}-{hashlib.sha256(str(home.root).encode()).hexdigest()[:12]}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / "supervisor.sock"


def quoted(value: str) -> str:
    """A value for supervisord's configuration, in which `%` and quotes mean something."""
    return '"' + value.replace("%", "%%").replace('"', r"\"") + '"'


def program_section(home: Home, program: Program, autostart: bool) -> str:
    """A program's section of supervisord's configuration."""
    environment = ",".join(f"{name}={quoted(value)}" for name, value in sorted(program.environment.items()))
    return _PROGRAM.format(
        name=program.name,
        command=" ".join(quoted(word) if " " in word else word.replace("%", "%%") for word in program.command),
        directory=program.directory or REPOSITORY,
        environment=environment,
        user=f"user={program.user}\n" if program.user else "",
        autostart=str(autostart).lower(),
        stop_signal=program.stop_signal,
        stop_s=program.stop_s,
        priority=program.priority,
        log=home.log,
    )


def open_files() -> int:
    """How many files and sockets each process may have open: all that this user may, within reason."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return FILES_WANTED if hard == resource.RLIM_INFINITY else min(hard, FILES_WANTED)


def configuration(home: Home, servers: Iterable[Program], services: Iterable[Program]) -> str:
    """supervisord's whole configuration: servers start with it, services when they are told to."""
    servers, services = list(servers), list(services)
    group = ""
    if services:
        names = ",".join(program.name for program in services)
        group = f"[group:{SERVICES}]\nprograms={names}\npriority=20\n"
    head = _DAEMON.format(
        log=home.log,
        files=open_files(),
        run=home.run,
        repository=REPOSITORY,
        mark=f"{MARK}={quoted(str(home.root))}",
        socket=socket_path(home),
        servers=SERVERS,
        server_names=",".join(program.name for program in servers if not program.alone),
        services_group=group,
    )
    if all(program.alone for program in servers):
        head = head.replace(f"[group:{SERVERS}]\nprograms=\npriority=10\n", "")
    sections = [program_section(home, program, autostart=True) for program in servers]
    sections += [program_section(home, program, autostart=False) for program in services]
    return "\n".join([head, *sections])


class Supervisor:
    """The supervisor of one stack."""

    def __init__(self, home: Home) -> None:
        self.home = home

    @property
    def _calls(self) -> Any:
        # a transport for each call: a failed one leaves supervisor's transport unusable
        transport = SupervisorTransport(None, None, f"unix://{socket_path(self.home)}")
        return xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor

    def is_running(self) -> bool:
        """Whether it answers."""
        try:
            return self._calls.getState()["statecode"] == 1
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return False

    def write(self, servers: Iterable[Program], services: Iterable[Program]) -> None:
        """Write its configuration; `start` or `reload` takes it up."""
        write_private(self.home.run / "supervisord.conf", configuration(self.home, servers, services))

    def start(self) -> None:
        """Start it with the servers. Raises StackProblem."""
        command = [sys.executable, "-W", "ignore", "-m", "supervisor.supervisord"]
        command += ["-c", str(self.home.run / "supervisord.conf")]
        done = subprocess.run(
            command,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, MARK: str(self.home.root)},
            stdin=subprocess.DEVNULL,
        )
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise StackProblem(f"The supervisor did not start: {last} (see {self.home.log}/supervisord.log)")
        deadline = time.monotonic() + 10
        while not self.is_running():
            if time.monotonic() > deadline:
                raise StackProblem(f"The supervisor does not answer: see {self.home.log}/supervisord.log")
            time.sleep(0.05)

    def reload(self) -> None:
        """Take up a changed configuration: groups that are gone or changed are stopped, new ones added."""
        added, changed, removed = self._calls.reloadConfig()[0]
        for group in (*changed, *removed):
            self._calls.stopProcessGroup(group)
            self._calls.removeProcessGroup(group)
        for group in (*added, *changed):
            self._calls.addProcessGroup(group)

    def processes(self) -> list[dict[str, Any]]:
        """supervisord's own words on each process: group, name, statename, pid, start, now, exitstatus, spawnerr..."""
        return list(self._calls.getAllProcessInfo())

    def process(self, name: str) -> dict[str, Any]:
        """The same of one process. Raises StackProblem."""
        for process in self.processes():
            if process["name"] == name:
                return process
        raise StackProblem(f"The stack has no process {name}.")

    def start_group(self, group: str) -> None:
        """Start all of a group without waiting for them."""
        self._calls.startProcessGroup(group, False)

    def stop_group(self, group: str) -> None:
        """Stop all of a group and wait until they are gone."""
        self._calls.stopProcessGroup(group, True)

    def start_process(self, name: str, *, wait: bool = True) -> None:
        """Start one process unless it runs. Raises StackProblem when it is unknown or cannot be started."""
        self._one("startProcess", name, "ALREADY_STARTED", wait)

    def stop_process(self, name: str) -> None:
        """Stop one process and wait until it is gone; it stays stopped until started. Raises StackProblem."""
        self._one("stopProcess", name, "NOT_RUNNING", wait=True)

    def _one(self, call: str, name: str, harmless: str, wait: bool) -> None:
        full = f"{self.process(name)['group']}:{name}"
        try:
            getattr(self._calls, call)(full, wait)
        except xmlrpc.client.Fault as exc:
            if harmless not in exc.faultString:
                raise StackProblem(f"{call} {name}: {exc.faultString} (see {self.home.log}/{name}.log)") from exc

    def shut_down(self, timeout_s: float = 60) -> None:
        """Stop every process and itself, services first. Raises StackProblem when it takes longer than `timeout_s`."""
        pid_file = self.home.run / "supervisord.pid"
        if self.is_running():
            groups = {process["group"] for process in self.processes()}
            if SERVICES in groups:
                self.stop_group(SERVICES)
            pid = self._calls.getPID()
            self._calls.shutdown()
            try:
                psutil.Process(pid).wait(timeout_s)
            except psutil.NoSuchProcess:
                pass
            except psutil.TimeoutExpired:
                raise StackProblem(f"The supervisor (process {pid}) did not stop within {timeout_s:g} s.") from None
        pid_file.unlink(missing_ok=True)


def needs_running(supervisor: Supervisor) -> None:
    """Raises StackProblem when the stack is down."""
    if not supervisor.is_running():
        raise StackProblem(f"The stack in {supervisor.home.root} is down: ./hansom up starts it.")


def leftovers(home: Home) -> list[psutil.Process]:
    """Processes that an earlier supervisor of this stack started and left behind when it was killed."""
    mine = str(home.root)
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mine:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return [process for process in found if process.pid != os.getpid()]


def end_leftovers(home: Home, timeout_s: float = 10) -> int:
    """End what `leftovers` finds: first by asking, then by force. Gives their number."""
    processes = leftovers(home)
    for process in processes:
        _signal(process, signal.SIGTERM)
    _, alive = psutil.wait_procs(processes, timeout=timeout_s)
    for process in alive:
        _signal(process, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=5)
    return len(processes)


def _signal(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
