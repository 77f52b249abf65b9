"""What the payment provider's own list says has moved, held against what moved here: pure, each breach in one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.payments.domain.proof import Tally

LOOKED_BACK = timedelta(days=7)
EARLIER = timedelta(days=1)
"""The provider's list is read from so much before: what was held for a ride began there before its charge did here."""

HAS_MOVED = frozenset({"captured", "done", "sent", "returned"})
"""States of charges, refunds and payouts in which money has moved, here and at the provider."""

NAME = "what moved at the payment provider in the last week moved here, and the other way round, by key and amount"


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that moved. `kind`: charge, refund or payout; `at`: when it was begun."""

    kind: str
    key: str
    amount_minor: int
    currency: str
    at: datetime

    @property
    def what(self) -> tuple[str, int, str]:
        return self.kind, self.amount_minor, self.currency


def hold_against_each_other(
    theirs: Iterable[Movement],
    ours: Iterable[Movement],
    ours_by_key: Mapping[str, Movement],
    until: datetime,
) -> Tally:
    """`theirs`: the provider's list of LOOKED_BACK and EARLIER; `ours`: of LOOKED_BACK. `ours_by_key`: what we know
    of the keys in `theirs`. What was begun at or after `until` is not judged."""
    tally = Tally(NAME)
    listed = {movement.key: movement for movement in theirs}
    for key, movement in listed.items():
        if movement.at < until:
            known = ours_by_key.get(key)
            same = known is not None and known.what == movement.what
            tally.look([] if same else [f"{key}: the provider says {movement.what}, we {known and known.what}"])
    for movement in ours:
        if movement.at < until and movement.key not in listed:
            tally.look([f"{movement.key}: {movement.what} here, and not in the provider's list"])
    return tally
