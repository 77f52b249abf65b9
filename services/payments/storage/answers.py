"""The provider's answers, written once: to charges, payments of debts, refunds and payouts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sqlalchemy import Table, text
from sqlalchemy.orm import Session


class Answer(Protocol):
    """What the provider said of something: how it ended, its reference, and why it failed if it did."""

    @property
    def state(self) -> StrEnum: ...
    @property
    def reference(self) -> str | None: ...
    @property
    def reason(self) -> str | None: ...


def write_answers(
    session: Session,
    table: Table,
    answers: Mapping[str, Answer],
    at: datetime,
    *,
    open_state: str = "pending",
    reason: str = "reason",
    moment: str = "resolved_at = :at",
) -> set[str]:
    """Write answers by id; gives those that had none before: what follows from an answer, follows for them.

    `reason`: the column that says why. `moment`: what becomes of the time column.
    """
    ids = sorted(answers)
    # locked in one order first: two batches with rows in common wait for each other, and never in a ring
    statement = text(f"""
        WITH mine AS MATERIALIZED (
            SELECT id FROM {table.name} WHERE id = ANY(CAST(:ids AS text[])) AND state = '{open_state}'
             ORDER BY id FOR UPDATE)
        UPDATE {table.name} SET state = answer.state, provider_reference = answer.reference,
               {reason} = answer.reason, {moment}
          FROM mine
          JOIN unnest(CAST(:ids AS text[]), CAST(:states AS text[]), CAST(:references AS text[]),
                      CAST(:reasons AS text[])) AS answer(id, state, reference, reason) USING (id)
         WHERE {table.name}.id = mine.id
        RETURNING {table.name}.id
    """)
    values = {
        "ids": ids,
        "states": [answers[id_].state.value for id_ in ids],
        "references": [answers[id_].reference for id_ in ids],
        "reasons": [answers[id_].reason for id_ in ids],
        "at": at,
    }
    return set(session.execute(statement, values).scalars())
