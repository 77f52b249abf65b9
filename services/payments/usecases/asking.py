"""How the provider is asked, whatever for: by key, looked at before it is asked again, and after a lost answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeVar


class Keyed(Protocol):
    """Something that the provider knows by its id."""

    @property
    def id(self) -> str: ...


Thing = TypeVar("Thing", bound=Keyed)
Said = TypeVar("Said")


def answers_of(
    new: Sequence[Thing],
    pending: Sequence[Thing],
    find: Callable[[Collection[str]], Mapping[str, Said]],
    ask: Callable[[Sequence[Thing]], Mapping[str, Said]],
) -> dict[str, Said]:
    """Answers by id; who is left out has none yet. `pending`: the provider may have heard of these already, and is
    asked only for what it has not. Raises what `ask` raises."""
    answers = dict(find([each.id for each in pending])) if pending else {}
    asked = [each for each in (*new, *pending) if each.id not in answers]
    if asked:
        answers |= ask(asked)
        lost = [each.id for each in asked if each.id not in answers]
        answers |= find(lost) if lost else {}
    return answers
