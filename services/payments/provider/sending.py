"""The simulated provider's webhooks on their way: several at a time, and again until they are taken."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

import urllib3
from eventlet import GreenPool
from sqlalchemy import case, delete, func, literal, select, update
from urllib3.exceptions import HTTPError

from hansom.store import Transactions
from services.payments.provider.tables import webhooks
from services.payments.provider.webhooks import HEADER, message_of, sign

log = logging.getLogger(__name__)

AT_ONCE = 8
LIMIT = 200
"""Messages of one round."""

TIMEOUT = urllib3.Timeout(connect=2.0, read=10.0)

LEASE = timedelta(seconds=60)
"""A message whose sender died is sent again after as long."""

MAX_TRIES = 12
LONGEST_PAUSE_S = 600

_http = urllib3.PoolManager(maxsize=AT_ONCE, timeout=TIMEOUT, retries=False)


def send_due(store: Transactions, url: str, secret: str, now: datetime) -> int:
    """Send what is due, signed; gives how many messages were taken. Any number of senders may be at it at once.

    What is not taken is sent again after a pause that doubles, and given up after `MAX_TRIES`. Without a secret nothing
    is sent.
    """
    if not secret:
        return 0
    due = _claim(store, now)
    errors = dict(zip((row.id for row in due), GreenPool(AT_ONCE).imap(_sender(url, secret, now), due), strict=True))
    if due:
        _note(store, errors, now)
    return sum(error is None for error in errors.values())


def forget_sent(store: Transactions, before: datetime) -> None:
    """Forget what was made before a moment and is not sent any more."""
    over = (webhooks.c.created_at < before, webhooks.c.due_at.is_(None))
    with store.begin() as session:
        session.execute(delete(webhooks).where(*over))


def _claim(store: Transactions, now: datetime) -> list[Any]:
    """What is due, now leased to us. It is committed before anything is sent: no transaction waits for the network."""
    with store.begin() as session:
        wanted = select(webhooks).where(webhooks.c.due_at <= now).order_by(webhooks.c.due_at, webhooks.c.id)
        due = list(session.execute(wanted.limit(LIMIT).with_for_update(skip_locked=True)))
        if due:
            taken = webhooks.c.id.in_([row.id for row in due])
            values = {"due_at": now + LEASE, "tries": webhooks.c.tries + 1}
            session.execute(update(webhooks).where(taken).values(**values))
    return due


def _sender(url: str, secret: str, now: datetime) -> Any:
    def send(row: Any) -> str | None:
        """Why it was not taken, or None."""
        body = message_of(row)
        headers = {"content-type": "application/json", HEADER: sign(secret, body, now)}
        try:
            answer = _http.request("POST", url, body=body, headers=headers, redirect=False)
        except HTTPError as exc:
            return str(exc)[:500]
        return None if 200 <= answer.status < 300 else f"{answer.status} {answer.data[:200]!r}"

    return send


def _note(store: Transactions, errors: dict[int, str | None], now: datetime) -> None:
    pause_s = func.least(func.power(2, webhooks.c.tries), LONGEST_PAUSE_S)
    again_at = literal(now) + pause_s * timedelta(seconds=1)
    with store.begin() as session:
        taken = [id_ for id_, error in errors.items() if error is None]
        session.execute(update(webhooks).where(webhooks.c.id.in_(taken)).values(taken_at=now, due_at=None, error=None))
        for id_, error in errors.items():
            if error is not None:
                due_at = case((webhooks.c.tries >= MAX_TRIES, None), else_=again_at)
                session.execute(update(webhooks).where(webhooks.c.id == id_).values(error=error, due_at=due_at))
    refused = [error for error in errors.values() if error is not None]
    if refused:
        log.warning("webhooks were not taken", extra={"count": len(refused), "error": refused[0]})
