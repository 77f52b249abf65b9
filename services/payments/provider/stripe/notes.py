"""Notes of what Stripe was asked for, each committed before Stripe hears of it: what has none was never asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from hansom.store import Transactions
from services.payments.provider.bookkeeping import KeyReused
from services.payments.provider.stripe.tables import asked
from services.payments.usecases.ports import NewsKind


@dataclass(frozen=True, slots=True)
class Note:
    """See `tables.asked`. `is_new`: Stripe cannot have heard of it before now."""

    key: str
    amount_minor: int
    currency: str
    party: str
    hold_key: str | None
    object_id: str | None
    first_asked_at: datetime
    last_asked_at: datetime
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be asked for."""

    key: str
    amount_minor: int
    currency: str
    party: str


class Notes:
    """The notes, in transactions of their own."""

    def __init__(self, store: Transactions) -> None:
        self._store = store

    def take(self, kind: NewsKind, wishes: Sequence[Wish], at: datetime) -> dict[str, Note]:
        """Note that these are asked for now; gives them by key. Raises KeyReused, and then nothing is noted."""
        rows = [
            {"kind": kind, "key": wish.key, "amount_minor": wish.amount_minor, "currency": wish.currency}
            | {"party": wish.party, "first_asked_at": at, "last_asked_at": at}
            for wish in sorted(wishes, key=lambda wish: wish.key)
        ]
        if not rows:
            return {}
        statement = insert(asked)
        statement = statement.on_conflict_do_update(
            index_elements=["kind", "key"], set_={"last_asked_at": statement.excluded.last_asked_at}
        )
        by_key = {wish.key: wish for wish in wishes}
        with self._store.begin() as session:
            before = {row.key for row in session.execute(_of(kind, by_key))}
            kept = [_note(row, row.key not in before) for row in session.execute(statement.returning(*asked.c), rows)]
            for note in kept:
                wish = by_key[note.key]
                if (note.amount_minor, note.currency, note.party) != (wish.amount_minor, wish.currency, wish.party):
                    raise KeyReused(note.key)
        return {note.key: note for note in kept}

    def of(self, kind: NewsKind, keys: Collection[str]) -> dict[str, Note]:
        """Those that there are, by key."""
        if not keys:
            return {}
        with self._store.begin() as session:
            return {row.key: _note(row) for row in session.execute(_of(kind, keys))}

    def charges_of_holds(self, hold_keys: Collection[str]) -> dict[str, str]:
        """Hold's key → the key of the charge that alone may be captured from it."""
        if not hold_keys:
            return {}
        wanted = select(asked.c.hold_key, asked.c.key).where(
            asked.c.kind == "charge", asked.c.hold_key.in_(list(hold_keys))
        )
        with self._store.begin() as session:
            return {row.hold_key: row.key for row in session.execute(wanted)}

    def claim_hold(self, charge_key: str, hold_key: str) -> bool:
        """Have a charge captured from a hold, and no other; False when another has it."""
        mine = asked.c.kind == "charge", asked.c.key == charge_key
        free = or_(asked.c.hold_key.is_(None), asked.c.hold_key == hold_key)
        try:
            with self._store.begin() as session:
                claimed = session.execute(
                    update(asked).where(*mine, free).values(hold_key=hold_key).returning(asked.c.key)
                )
                return claimed.first() is not None
        except IntegrityError:
            return False

    def give_up_hold(self, charge_keys: Collection[str]) -> None:
        """These charges are made by their own keys: what they were to be captured from is gone."""
        if charge_keys:
            with self._store.begin() as session:
                mine = asked.c.kind == "charge", asked.c.key.in_(list(charge_keys))
                session.execute(update(asked).where(*mine).values(hold_key=None))

    def heard(self, kind: NewsKind, object_ids: Mapping[str, str]) -> None:
        """Keep Stripe's ids by our keys."""
        if object_ids:
            statement = update(asked).where(asked.c.kind == kind, asked.c.key == bindparam("of_key"))
            values = [{"of_key": key, "object_id": id_} for key, id_ in sorted(object_ids.items())]
            with self._store.begin() as session:
                session.connection().execute(statement, values)


def _of(kind: NewsKind, keys: Collection[str]) -> Any:
    return select(asked).where(asked.c.kind == kind, asked.c.key.in_(list(keys)))


def _note(row: Any, is_new: bool = False) -> Note:
    return Note(
        row.key,
        row.amount_minor,
        row.currency,
        row.party,
        row.hold_key,
        row.object_id,
        row.first_asked_at,
        row.last_asked_at,
        is_new,
    )
