"""The whole stack with all services is ready, shows itself, and gets back what is killed."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import psutil
import requests

from hansom.cli.demo_operator import FILE, demo_operator
from hansom.settings import REPOSITORY
from hansom.stack.procfile import read_procfile
from hansom.stack.testing import RunningStack
from tests.support.waiting import eventually

LINES = [line.name for line in read_procfile()]


def hansom(stack: RunningStack, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HANSOM_HOME": str(stack.home.root), "COLUMNS": "200"}
    command = [str(REPOSITORY / "hansom"), *arguments]
    return subprocess.run(command, env=environment, input=text, capture_output=True, text=True, timeout=90, check=False)


def status(stack: RunningStack) -> dict[str, Any]:
    return json.loads(hansom(stack, "status", "--json").stdout)


def test_every_line_of_the_procfile_runs_and_the_gateway_is_ready(running_stack: RunningStack) -> None:
    running_stack.wait_ready()

    assert sorted(running_stack.services) == sorted(LINES)
    found = status(running_stack)
    assert {process["state"] for process in found["processes"]} == {"RUNNING"}
    assert found["url"] == running_stack.url
    assert found["problems"] == []


def test_every_service_reads_its_rpc_queue(running_stack: RunningStack) -> None:
    running_stack.wait_ready()

    consumers = {queue["name"]: queue["consumers"] for queue in status(running_stack)["queues"]}
    services = [service for line in read_procfile() for service in line.services if service != "gateway"]
    assert {service: consumers.get(f"rpc-{service}") for service in services} == dict.fromkeys(services, 1)


def test_status_tells_no_password(running_stack: RunningStack) -> None:
    secrets = json.loads((running_stack.home.root / "secrets").read_text(encoding="utf-8"))

    said = hansom(running_stack, "status").stdout + hansom(running_stack, "status", "--json").stdout
    assert not [name for name, secret in secrets.items() if secret in said]


def test_killed_services_are_back_and_the_stack_ready_again(running_stack: RunningStack) -> None:
    running_stack.wait_ready()
    before = {process["name"]: process["restarts"] for process in status(running_stack)["processes"]}

    for line, killed in [(line, running_stack.kill(line)) for line in LINES]:
        running_stack.wait_restarted(line, killed, timeout_s=5)
    running_stack.wait_ready()

    after = {process["name"]: process for process in status(running_stack)["processes"]}
    assert {line: after[line]["restarts"] for line in LINES} == {line: before[line] + 1 for line in LINES}
    assert all("SIGKILL" in after[line]["last_exit"] for line in LINES)


def test_up_on_a_running_stack_leaves_it_alone(running_stack: RunningStack) -> None:
    running_stack.wait_ready()
    pids = {name: running_stack.pid(name) for name in LINES}

    done = hansom(running_stack, "up")

    assert done.returncode == 0, done.stderr
    assert running_stack.url in done.stderr
    assert {name: running_stack.pid(name) for name in LINES} == pids


def test_a_stopped_service_stays_stopped_until_started(running_stack: RunningStack) -> None:
    running_stack.stop("money")
    found = status(running_stack)
    running_stack.start("money")
    running_stack.wait_ready()

    assert next(p for p in found["processes"] if p["name"] == "money")["state"] == "STOPPED"


def test_restart_takes_the_name_of_a_service(running_stack: RunningStack) -> None:
    before = running_stack.pid("rides")

    assert hansom(running_stack, "restart", "trips").returncode == 0

    assert running_stack.pid("rides") not in (0, before)
    running_stack.wait_ready()


def test_an_ops_user_is_made_and_logs_in(running_stack: RunningStack) -> None:
    running_stack.wait_ready()
    email = f"ops-{os.urandom(4).hex()}@example.org"

    done = hansom(running_stack, "ops-user", email, text="a-long-password\n")
    assert done.returncode == 0, done.stderr
    reply = requests.post(
        f"{running_stack.url}/v1/sessions", json={"email": email, "password": "a-long-password"}, timeout=10
    )
    again = hansom(running_stack, "ops-user", email, text="a-long-password\n")

    assert reply.json()["user"]["role"] == "ops"
    assert again.returncode == 1
    assert len(again.stderr.strip().splitlines()) == 1


def test_a_demo_has_one_operator_who_may_sign_in(running_stack: RunningStack) -> None:
    running_stack.wait_ready()

    operator, again = demo_operator(running_stack.home), demo_operator(running_stack.home)
    reply = requests.post(f"{running_stack.url}/v1/sessions", json=vars(operator), timeout=10)

    assert reply.json()["user"]["role"] == "ops"
    assert again == operator
    assert (running_stack.home.root / FILE).stat().st_mode & 0o077 == 0, "his password is for nobody else"


def test_a_demo_whose_operators_password_is_lost_makes_another(running_stack: RunningStack) -> None:
    running_stack.wait_ready()
    before = demo_operator(running_stack.home)
    (running_stack.home.root / FILE).unlink()

    after = demo_operator(running_stack.home)

    assert after.email != before.email
    assert demo_operator(running_stack.home) == after


def test_the_shell_reaches_the_services(running_stack: RunningStack) -> None:
    running_stack.wait_ready()

    done = hansom(running_stack, "shell", text="print(n.rpc.trips.count_trips({}))\n")

    assert "by_state" in done.stdout + done.stderr


def test_services_hold_few_connections_to_postgres(running_stack: RunningStack) -> None:
    running_stack.wait_ready()
    server = psutil.Process(running_stack.pid("postgres"))

    assert eventually(lambda: len(server.children()) < 150)
