"""The simulated provider's webhooks: what it tells, how that is signed, and how a message is known to be its own.

A message is signed as `t=<seconds>,v1=<hex>`: HMAC-SHA256, with the secret both sides know, of the seconds since 1970,
a dot, and the body as it is sent. One that was signed over five minutes ago is refused: nobody repeats it later.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import insert
from sqlalchemy.orm import Session

from hansom.contracts.payments import WebhookRefused, WebhookUnreadable
from hansom.ids import new_id
from services.payments.provider.cards import Webhooks, card_of
from services.payments.provider.tables import webhooks
from services.payments.usecases.ports import ProviderNews

HEADER = "simulated-signature"

TOLERANCE = timedelta(minutes=5)

KINDS = ("charge", "hold", "refund", "payout")


def sign(secret: str, body: bytes, at: datetime) -> str:
    """The header's value for a body that is sent at a moment."""
    seconds = str(int(at.timestamp()))
    return f"t={seconds},v1={_signature(secret, seconds, body)}"


def read(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> list[ProviderNews]:
    """What a message is about; nothing when it is of a kind that is new. `headers`: names in lower case.

    Raises WebhookRefused when it is not signed with the secret or was signed too long ago, WebhookUnreadable.
    """
    _check(headers.get(HEADER, ""), body, secret, now)
    try:
        message = orjson.loads(body)
        id_, kind, key = message["id"], message["data"]["kind"], message["data"]["key"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as exc:
        raise WebhookUnreadable() from exc
    if not all(isinstance(each, str) and each for each in (id_, kind, key)):
        raise WebhookUnreadable()
    return [ProviderNews(id_, kind, key)] if kind in KINDS else []


def message_of(row: Any) -> bytes:
    """The body of a message that is to be sent."""
    data = {"kind": row.type.partition(".")[0], "key": row.key, "state": row.type.partition(".")[2]}
    return orjson.dumps({"id": row.event_id, "type": row.type, "created_at": row.created_at, "data": data})


def tell(session: Session, type_: str, key: str, due_at: datetime, times: int = 1) -> None:
    """Have a message sent, `charge.captured` say, from a moment on: once, or doubled."""
    row = {"event_id": f"evt_{new_id()}", "type": type_, "key": key, "due_at": due_at}
    session.execute(insert(webhooks), [row] * times)


def tell_of_pending(session: Session, charges: Sequence[Any], late_by: timedelta) -> None:
    """Have the end of charges told in the manner of their cards."""
    for charge in charges:
        manner, ends_at = card_of(charge.method).answers_later, charge.settles_at
        if manner == Webhooks.LATE:
            tell(session, "charge.captured", charge.key, ends_at + late_by)
        elif manner == Webhooks.TWICE:
            tell(session, "charge.captured", charge.key, ends_at, times=2)
        elif manner == Webhooks.DISORDERED:
            tell(session, "charge.captured", charge.key, ends_at)
            tell(session, "charge.pending", charge.key, ends_at + timedelta(seconds=1))


def _check(header: str, body: bytes, secret: str, now: datetime) -> None:
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    seconds, signature = parts.get("t", ""), parts.get("v1", "")
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 12 and signature.isascii()):
        raise WebhookRefused()
    if not hmac.compare_digest(_signature(secret, seconds, body), signature):
        raise WebhookRefused()
    if abs(now.timestamp() - int(seconds)) > TOLERANCE.total_seconds():
        raise WebhookRefused()


def _signature(secret: str, seconds: str, body: bytes) -> str:
    return hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
