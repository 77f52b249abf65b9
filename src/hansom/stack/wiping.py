"""Throwing a stack's data away."""

from __future__ import annotations

import shutil

from hansom.stack.home import Home

DATA = ("rabbitmq", "postgres", "redis", "mongo", "cities", "log", "run")
FILES = ("ports.json", "secrets", "env")


def wipe_data(home: Home) -> None:
    """Remove what a stopped stack keeps in its folder; virtual environments and wheels stay.

    PostgreSQL's data may stand elsewhere, behind a link, when its user cannot get into the state folder.
    """
    for name in DATA:
        folder = home.root / name
        if folder.is_symlink():
            shutil.rmtree(folder.resolve(), ignore_errors=True)
            folder.unlink()
        else:
            shutil.rmtree(folder, ignore_errors=True)
    for name in FILES:
        (home.root / name).unlink(missing_ok=True)
