"""Noticing that the code has changed since the services were started."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hansom.settings import REPOSITORY
from hansom.stack.home import Home

WATCHED = ("services", "src/hansom")
NOT_SERVICES = {"stack", "cli", "bots", "__pycache__"}
"""Parts of `src/hansom` that services do not run."""


def code_stamp(repository: Path = REPOSITORY) -> str:
    """Changes when a source file of the services or a setting does."""
    digest = hashlib.sha256()
    files = [path for folder in WATCHED for path in (repository / folder).rglob("*.py")]
    for path in (*sorted(files), repository / "config.yaml"):
        relative = path.relative_to(repository)
        if path.is_file() and not NOT_SERVICES.intersection(relative.parts):
            digest.update(f"{relative}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def changed_since_start(home: Home) -> bool:
    """Whether `remember` was called with other code than there is now, or never."""
    try:
        return (home.run / "code").read_text(encoding="utf-8") != code_stamp()
    except FileNotFoundError:
        return True


def remember(home: Home) -> None:
    """Note the present code as the running one."""
    (home.run / "code").write_text(code_stamp(), encoding="utf-8")
