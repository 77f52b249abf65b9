"""Pictures of the pages: a stack, a city of bots, and tests/web/pictures.py, which looks at it through a browser."""

from __future__ import annotations

import secrets
import subprocess
import sys
from pathlib import Path

from hansom.cli.console import progress
from hansom.cli.demo_commands import BOTS
from hansom.cli.work_commands import call_service
from hansom.settings import REPOSITORY
from hansom.stack.home import current_home
from hansom.stack.local import LocalStack

CITY = ("--drivers", "25", "--riders", "8", "--seed", "7", "--for", "900")
PASSWORD = "correct horse battery"
"""Of the tests' people: this operator is made for the pictures, on a stack of this machine."""


def take_pictures(folder: Path) -> int:
    """Write the pictures into a folder. Gives the exit code of what takes them. Raises StackProblem."""
    local = LocalStack(current_home(), progress())
    was_up = bool(local.running_services())
    url = local.up()
    email = f"pictures-{secrets.token_hex(4)}@example.org"
    call_service("users", "create_ops_account", {"email": email, "password": PASSWORD, "name": "Olli Operator"})
    bots = subprocess.Popen([*BOTS, "--url", url, *CITY], cwd=REPOSITORY, stdout=subprocess.DEVNULL)
    try:
        command = ["-m", "tests.web.pictures", "--url", url, "--into", str(folder), "--operator", email]
        return subprocess.run([sys.executable, "-W", "ignore", *command], cwd=REPOSITORY, check=False).returncode
    finally:
        bots.terminate()
        bots.wait(timeout=60)
        if not was_up:
            local.down()
