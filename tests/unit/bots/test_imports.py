"""The bots are strangers to the services, and what tests import of them brings no gevent into this process."""

import ast
import subprocess
import sys
from pathlib import Path

import hansom.bots

FOLDER = Path(hansom.bots.__file__).parent
PLAIN = ("roads", "frames", "measures", "rides", "habits", "options", "summary")


def test_bots_import_nothing_of_the_services_or_their_plumbing() -> None:
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert not name.startswith(("services", "nameko", "eventlet")), f"{path.name} imports {name}"
                assert not name.startswith("hansom.") or name.startswith(("hansom.bots", "hansom.values")), name


def test_plain_modules_import_without_gevent() -> None:
    modules = ", ".join(f"hansom.bots.{name}" for name in PLAIN)
    code = f"import sys, {modules}; sys.exit('gevent' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
