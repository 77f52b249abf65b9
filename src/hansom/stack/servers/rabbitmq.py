"""RabbitMQ from the distribution's package, run as the present user under the stack's own node, ports and password."""

from __future__ import annotations

import shutil
from pathlib import Path

from hansom.stack.home import Home, write_private
from hansom.stack.problems import Missing
from hansom.stack.program import Program

USER = "hansom"
NODE = "hansom@localhost"
SCRIPTS = (Path("/usr/lib/rabbitmq/bin/rabbitmq-server"), Path("/usr/sbin/rabbitmq-server"))
PORTS = ("rabbitmq", "rabbitmq-dist", "epmd")

ERLANG_OPTIONS = "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"
"""Loopback only; and no busy waiting, which on a machine that the services share takes their time."""

CONFIG = """\
listeners.tcp.1 = 127.0.0.1:{port}
distribution.listener.interface = 127.0.0.1
distribution.listener.port_range.min = {dist}
distribution.listener.port_range.max = {dist}
default_user = {user}
default_pass = {password}
loopback_users.{user} = true
log.console = true
log.console.level = info
log.connection.level = warning
log.file = false
vm_memory_high_watermark.relative = 0.4
disk_free_limit.absolute = 100MB
queue_index_embed_msgs_below = 4096
"""


def uri(ports: dict[str, int], keys: dict[str, str]) -> str:
    return f"amqp://{USER}:{keys['AMQP_PASSWORD']}@127.0.0.1:{ports['rabbitmq']}"


def programs(home: Home, ports: dict[str, int], keys: dict[str, str]) -> list[Program]:
    """Erlang's port mapper and the broker. Writes their configuration. Raises Missing."""
    script = next((path for path in SCRIPTS if path.exists()), None)
    epmd = shutil.which("epmd")
    if script is None or epmd is None:
        raise Missing("RabbitMQ is not installed: sudo apt-get install -y rabbitmq-server (or set AMQP_URI).")
    folder = home.root / "rabbitmq"
    _write_files(folder, ports, keys)
    port_mapper = Program(
        name="epmd",
        command=[epmd, "-address", "127.0.0.1", "-port", str(ports["epmd"])],
        environment={"ERL_EPMD_RELAXED_COMMAND_CHECK": "1"},
        priority=10,
    )
    broker = Program(
        name="rabbitmq",
        command=[str(script)],
        environment=_environment(folder, ports),
        directory=folder,
        stop_s=30,
        priority=20,
    )
    return [port_mapper, broker]


def _write_files(folder: Path, ports: dict[str, int], keys: dict[str, str]) -> None:
    (folder / "home").mkdir(parents=True, exist_ok=True)
    text = CONFIG.format(port=ports["rabbitmq"], dist=ports["rabbitmq-dist"], user=USER, password=keys["AMQP_PASSWORD"])
    write_private(folder / "rabbitmq.conf", text)
    (folder / "enabled_plugins").write_text("[].\n", encoding="utf-8")
    cookie = folder / "home" / ".erlang.cookie"
    if not cookie.exists():
        write_private(cookie, keys["AMQP_COOKIE"])
        cookie.chmod(0o400)


def _environment(folder: Path, ports: dict[str, int]) -> dict[str, str]:
    return {
        "HOME": str(folder / "home"),
        "RABBITMQ_NODENAME": NODE,
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_DIST_PORT": str(ports["rabbitmq-dist"]),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERLANG_OPTIONS,
        # with these two the script becomes the Erlang machine itself, so that a signal reaches the broker and
        # nothing is left behind when it is killed
        "RABBITMQ_ALLOW_INPUT": "true",
        "RABBITMQ_SERVER_START_ARGS": "-noinput",
        "ERL_EPMD_PORT": str(ports["epmd"]),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_CRASH_DUMP_BYTES": "0",
    }
