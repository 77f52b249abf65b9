"""Several services asked at once, each within a short time; who does not answer is named and missed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hansom.contracts.errors import HansomError

log = logging.getLogger(__name__)

PART_DEADLINE_S = 1.5

Question = tuple[Any, str, dict[str, Any]]
"""A client of a service, the method, and what it is asked."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered, by the name of the question. `missing`: `{part, code}` of each that was not."""

    of: dict[str, dict[str, Any]] = field(default_factory=dict)
    missing: list[dict[str, str]] = field(default_factory=list)

    def get(self, name: str) -> dict[str, Any]:
        """The answer to a question; empty when there was none."""
        return self.of.get(name, {})


def ask_all(questions: Mapping[str, Question], deadline_s: float = PART_DEADLINE_S) -> Answers:
    """Ask everybody at once. Takes no longer than `deadline_s`, and raises nothing when somebody is away."""
    answers, asked = Answers(), {}
    for name, (service, method, payload) in questions.items():
        try:
            asked[name] = service.call_async(method, payload, deadline_s)
        except HansomError as exc:
            _miss(answers, name, exc)
    for name, reply in asked.items():
        try:
            answers.of[name] = reply.result()
        except HansomError as exc:
            _miss(answers, name, exc)
    return answers


def _miss(answers: Answers, name: str, exc: HansomError) -> None:
    log.info("a part did not answer", extra={"part": name, "error": exc.code})
    answers.missing.append({"part": name, "code": exc.code})


def names_of(users: Any, user_ids: set[str], deadline_s: float = PART_DEADLINE_S) -> dict[str, str]:
    """Id → name of those whom the users service knows; empty while it is away. One call for all."""
    if not user_ids:
        return {}
    asked = ask_all({"users": (users, "get_profiles", {"user_ids": sorted(user_ids)})}, deadline_s)
    return {user_id: profile["name"] for user_id, profile in asked.get("users").get("items", {}).items()}
