"""The servers and the running stack that tests use, on a state folder of their own.

Tests use the stack of `HANSOM_HOME`, else `.hansom/test` in the checkout, so that they can run beside a demo. What was
up before a run stays up after it; `HANSOM_TEST_KEEP=1` keeps it in any case, which makes the next run start at once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import requests

from hansom.settings import REPOSITORY
from hansom.stack.environment import read_env_file
from hansom.stack.home import SHARED, Home
from hansom.stack.ports import choose_ports
from hansom.stack.problems import StackProblem
from hansom.stack.supervision import SERVICES, Supervisor


def testing_home() -> Home:
    """The state folder of tests."""
    return Home(Path(os.environ.get("HANSOM_HOME") or SHARED / "test").expanduser().absolute())


def hansom(home: Home, *arguments: str, timeout_s: float = 300, **variables: str) -> None:
    """Run the command line in a process of its own, away from this one's monkey patches. Raises StackProblem."""
    environment = {**os.environ, "HANSOM_HOME": str(home.root), **variables}
    command = [sys.executable, "-W", "ignore", "-m", "hansom.cli.main", *arguments]
    done = subprocess.run(
        command, env=environment, cwd=REPOSITORY, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    if done.returncode != 0:
        raise StackProblem(f"hansom {' '.join(arguments)} failed:\n{done.stderr.strip()}")


@dataclass
class RunningStack:
    """A whole stack with all its services, which a test may hurt."""

    home: Home
    url: str

    @property
    def supervisor(self) -> Supervisor:
        return Supervisor(self.home)

    @property
    def services(self) -> list[str]:
        """Names of the processes that run the services: the lines of the Procfile."""
        return [process["name"] for process in self.supervisor.processes() if process["group"] == SERVICES]

    def pid(self, name: str) -> int:
        """The process id of a server or of a line of the Procfile; 0 while it is down."""
        return int(self.supervisor.process(name)["pid"])

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        """Send a signal to a process, which the supervisor then starts again. Gives the id of what was hit."""
        pid = self.pid(name)
        if not pid:
            raise StackProblem(f"{name} does not run.")
        os.kill(pid, number)
        return pid

    def stop(self, name: str) -> None:
        """Stop a process until `start`."""
        self.supervisor.stop_process(name)

    def start(self, name: str) -> None:
        """Start a stopped process."""
        self.supervisor.start_process(name)

    def restart(self, name: str) -> None:
        """Stop and start a process."""
        self.stop(name)
        self.start(name)

    def wait_restarted(self, name: str, killed_pid: int, timeout_s: float = 20) -> int:
        """Wait until the supervisor has started a killed process again. Gives its new id."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            pid = self.pid(name)
            if pid not in (0, killed_pid):
                return pid
            time.sleep(0.05)
        raise StackProblem(f"{name} was not started again within {timeout_s:g} s.")

    def wait_ready(self, timeout_s: float = 60) -> None:
        """Wait until `GET /ready` says that everything is there."""
        deadline = time.monotonic() + timeout_s
        last = "no answer"
        while time.monotonic() < deadline:
            try:
                reply = requests.get(f"{self.url}/ready", timeout=5)
                if reply.status_code == 200:
                    return
                last = f"{reply.status_code} {reply.text[:300]}"
            except requests.RequestException as exc:
                last = type(exc).__name__
            time.sleep(0.1)
        raise StackProblem(f"The stack at {self.url} was not ready within {timeout_s:g} s: {last}")


def start_servers(home: Home) -> bool:
    """Bring the servers up and export their environment. Gives whether they were down before."""
    were_down = not Supervisor(home).is_running()
    hansom(home, "servers", "up")
    os.environ.update(read_env_file(home.env_file))
    return were_down


def start_everything(home: Home) -> RunningStack:
    """Bring the whole stack up on a free port, and export its environment."""
    port = bring_up(home)
    os.environ.update(read_env_file(home.env_file))
    return RunningStack(home, f"http://127.0.0.1:{port}")


def bring_up(home: Home, timeout_s: float = 300) -> int:
    """Bring the whole stack up, on a free port if it was down. Gives the gateway's port."""
    if _services_run(home):
        port = int(read_env_file(home.env_file)["PORT"])
    else:
        port = choose_ports(home.make(), ["gateway"])["gateway"]
    hansom(home, "up", timeout_s=timeout_s, PORT=str(port))
    return port


def _services_run(home: Home) -> bool:
    supervisor = Supervisor(home)
    processes = supervisor.processes() if supervisor.is_running() else []
    return any(process["group"] == SERVICES and process["statename"] == "RUNNING" for process in processes)


def stop_everything(home: Home, *, started_here: bool) -> None:
    """Stop what this run started, unless it is to be kept."""
    if started_here and os.environ.get("HANSOM_TEST_KEEP") != "1":
        hansom(home, "down")
