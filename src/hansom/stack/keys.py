"""Passwords and keys of a stack, made once and readable by its owner only."""

from __future__ import annotations

import json
import secrets

from hansom.stack.home import Home, write_private

NAMES = (
    "JWT_SECRET",
    "AMQP_PASSWORD",
    "AMQP_COOKIE",
    "POSTGRES_PASSWORD",
    "POSTGRES_ADMIN_PASSWORD",
    "POSTGRES_PAYMENTS_PASSWORD",
    "REDIS_PASSWORD",
)


def stack_keys(home: Home) -> dict[str, str]:
    """Name → secret. What is not there yet is made; what is there never changes."""
    path = home.root / "secrets"
    try:
        keys = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        keys = {}
    missing = [name for name in NAMES if name not in keys]
    if missing:
        keys.update({name: secrets.token_hex(24) for name in missing})
        write_private(path, json.dumps(keys, indent=1) + "\n")
    return keys
