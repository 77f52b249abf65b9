"""PostgreSQL from the distribution's package, with a data folder of the stack's own."""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import subprocess
from pathlib import Path

from hansom.stack.home import Home, write_private
from hansom.stack.problems import Missing, StackProblem
from hansom.stack.program import Program

USER = "hansom"
ADMIN = "hansom_admin"
PAYMENTS = "hansom_payments"
PORTS = ("postgres",)
OLDEST = 15

SETTINGS = """\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
max_connections = 300
shared_buffers = 128MB
fsync = on
synchronous_commit = on
full_page_writes = on
wal_compression = on
max_wal_size = 1GB
checkpoint_timeout = 15min
autovacuum_naptime = 15s
log_min_messages = warning
log_min_error_statement = panic
jit = off
timezone = 'UTC'
"""

ACCESS = "host all all 127.0.0.1/32 scram-sha-256\n"


def uri(ports: dict[str, int], keys: dict[str, str]) -> str:
    return f"postgresql://{USER}:{keys['POSTGRES_PASSWORD']}@127.0.0.1:{ports['postgres']}"


def admin_uri(ports: dict[str, int], keys: dict[str, str]) -> str:
    return f"postgresql://{ADMIN}:{keys['POSTGRES_ADMIN_PASSWORD']}@127.0.0.1:{ports['postgres']}"


def logins(keys: dict[str, str]) -> dict[str, str]:
    """Roles that services have of their own, as the environment names them."""
    return {"PAYMENTS_DB_LOGIN": f"{PAYMENTS}:{keys['POSTGRES_PAYMENTS_PASSWORD']}"}


def programs(home: Home, ports: dict[str, int], keys: dict[str, str]) -> list[Program]:
    """The server; its data folder is made when there is none. Raises Missing, StackProblem."""
    binaries = _binaries()
    owner = _owner()
    data = _data_folder(home, owner)
    if not (data / "PG_VERSION").exists():
        _initialise(binaries, data, owner, keys)
    _write_as(owner, data / "hansom.conf", SETTINGS.format(port=ports["postgres"]))
    _write_as(owner, data / "pg_hba.conf", ACCESS)
    main = data / "postgresql.conf"
    if "hansom.conf" not in main.read_text(encoding="utf-8"):
        with main.open("a", encoding="utf-8") as file:
            file.write("\ninclude 'hansom.conf'\n")
    server = Program(
        name="postgres",
        command=[str(binaries / "postgres"), "-D", str(data)],
        directory=data,
        user=owner.pw_name if owner else None,
        # fast shutdown: a smart one would wait for the services' pooled connections
        stop_signal="INT",
        stop_s=30,
        priority=20,
    )
    return [server]


def _binaries() -> Path:
    def version(path: Path) -> int:
        found = re.search(r"/postgresql/(\d+)/", str(path))
        return int(found.group(1)) if found else 0

    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=version)
    if not found or version(found[-1]) < OLDEST:
        raise Missing(
            f"PostgreSQL {OLDEST}+ is not installed: sudo apt-get install -y postgresql (or set POSTGRES_URI)."
        )
    return found[-1].parent


def _owner() -> pwd.struct_passwd | None:
    """Whom the server runs as: PostgreSQL refuses root, so root lends it to the package's own user."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        raise Missing("PostgreSQL's user is missing: apt-get install --reinstall postgresql-common.") from None


def _data_folder(home: Home, owner: pwd.struct_passwd | None) -> Path:
    """Where the data is: in the state folder, or beside it when PostgreSQL's user cannot get into that one."""
    link = home.root / "postgres"
    if owner is None or link.is_symlink() or (link.is_dir() and _reachable(home.root)):
        folder = link.resolve()
    elif _reachable(home.root):
        folder = link
    else:
        key = hashlib.sha256(str(home.root).encode()).hexdigest()[:12]
        folder = Path("/var/lib/hansom") / key
        folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        link.symlink_to(folder)
    folder.mkdir(mode=0o700, exist_ok=True)
    if owner is not None:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    return folder


def _reachable(folder: Path) -> bool:
    """Whether any user may walk down to `folder`."""
    resolved = folder.resolve()
    return all(part.stat().st_mode & 0o001 for part in (resolved, *resolved.parents))


def _initialise(binaries: Path, data: Path, owner: pwd.struct_passwd | None, keys: dict[str, str]) -> None:
    password = data.parent / f".{data.name}.password"
    write_private(password, keys["POSTGRES_ADMIN_PASSWORD"] + "\n")
    if owner is not None:
        os.chown(password, owner.pw_uid, owner.pw_gid)
    command = [str(binaries / "initdb"), "-D", str(data), "-U", ADMIN, "--pwfile", str(password)]
    command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"]
    try:
        done = subprocess.run(
            command,
            user=owner.pw_uid if owner else None,
            group=owner.pw_gid if owner else None,
            extra_groups=[] if owner else None,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        password.unlink()
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise StackProblem(f"PostgreSQL could not make its data folder {data}: {last}")


def _write_as(owner: pwd.struct_passwd | None, path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    if owner is not None:
        os.chown(path, owner.pw_uid, owner.pw_gid)
