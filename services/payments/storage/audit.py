"""The audit: questions whose answer must be empty, asked of the whole database."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from hansom.contracts.payment_replies import Check
from services.payments.storage.questions import Question, questions

SHOWN = 20
"""Breaches named in an answer; all are counted."""


def audit(session: Session, provider: str) -> list[Check]:
    """Ask everything, in one snapshot that the caller opened."""
    return [_answer(session, question) for question in questions(provider)]


def _answer(session: Session, question: Question) -> Check:
    counted = int(session.execute(text(question.counted)).scalar_one())
    breaches = text(f"SELECT count(*) OVER () AS broken, b.* FROM ({question.breaches}) AS b(what) LIMIT {SHOWN}")
    rows = session.execute(breaches).all()
    return {
        "name": question.name,
        "checked": counted,
        "broken": rows[0].broken if rows else 0,
        "breaches": [row.what for row in rows],
    }
