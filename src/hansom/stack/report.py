"""What `./hansom status` shows: processes, queues, outboxes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import psycopg2

from hansom.backlogs import outbox_backlog
from hansom.settings import load_config
from hansom.stack import environment
from hansom.stack.home import Home
from hansom.stack.problems import StackProblem
from hansom.stack.procfile import read_procfile
from hansom.stack.queues import QueueState, known_queues, queue_states
from hansom.stack.supervision import Supervisor
from hansom.stack.supervisor_log import History, history


@dataclass(frozen=True)
class ProcessState:
    """A process: `uptime_s` of a running one, restarts since the stack was started, and its last unasked end."""

    group: str
    name: str
    state: str
    pid: int
    uptime_s: int
    restarts: int
    last_exit: str


@dataclass
class Report:
    """A stack at this moment. `problems` says what could not be asked."""

    home: str
    url: str
    running: bool
    processes: list[ProcessState] = field(default_factory=list)
    queues: list[QueueState] = field(default_factory=list)
    outboxes: dict[str, int] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def report(home: Home) -> Report:
    """Ask everything."""
    values = environment.read_env_file(home.env_file)
    supervisor = Supervisor(home)
    made = Report(str(home.root), f"http://127.0.0.1:{values.get('PORT', '')}", supervisor.is_running())
    if not made.running:
        return made
    past = history(home)
    made.processes = [_process(raw, past.get(raw["name"], History())) for raw in supervisor.processes()]
    made.addresses = {name: _without_password(values[name]) for name in environment.SERVER_URIS if name in values}
    environment.export(values)
    config = load_config()
    try:
        services = [service for line in read_procfile() for service in line.services]
        made.queues = queue_states(config["AMQP_URI"], known_queues(services, config))
    except StackProblem as exc:
        made.problems.append(str(exc))
    for name, uri in config["DB_URIS"].items():
        service = name.partition(":")[0]
        try:
            made.outboxes[service] = outbox_backlog(uri).waiting
        except psycopg2.errors.UndefinedTable:
            continue
        except psycopg2.Error as exc:
            made.problems.append(f"PostgreSQL ({service}): {str(exc).strip().splitlines()[-1]}")
    return made


def _process(raw: dict[str, Any], past: History) -> ProcessState:
    uptime_s = raw["now"] - raw["start"] if raw["statename"] == "RUNNING" else 0
    return ProcessState(
        raw["group"], raw["name"], raw["statename"], raw["pid"], uptime_s, past.restarts, past.last_exit
    )


def _without_password(uri: str) -> str:
    scheme, _, rest = uri.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
