"""The provider tells of something by a webhook: that is a hint, and no more.

It is kept once, by the provider's id of it, and the thing that it names is looked up at the provider and recorded as
after any lost answer. So messages that are late, doubled or out of order change nothing, and none can say what is not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from hansom.contracts.payments import ProviderUnavailable
from services.payments.usecases.charging import finish_charges
from services.payments.usecases.holding import record_holds
from services.payments.usecases.ports import Desk, ProviderNews
from services.payments.usecases.refunding import finish_refunds
from services.payments.usecases.settling_debts import finish_payments

log = logging.getLogger(__name__)

AT_ONCE = 500
"""Messages that are followed up together."""

LEFT_AFTER = timedelta(seconds=10)
"""A message is left by who took it when it was not followed up in this time: he died, or the provider was down."""


def take_news(desk: Desk, provider: str, news: Sequence[ProviderNews]) -> int:
    """Keep what the provider hints at, and follow it up; gives how much of it is new.

    What cannot be followed up now is left to `follow_up_news`: the provider need not tell again.
    """
    with desk.open_books() as books:
        fresh = books.keep_news(provider, [(each.id, each.kind, each.key) for each in news], desk.now())
    try:
        _follow_up(desk, provider, [(each.id, each.kind, each.key) for each in news if each.id in fresh])
    except ProviderUnavailable:
        log.warning("the provider told of something and does not answer", extra={"news": len(fresh)})
    return len(fresh)


def follow_up_news(desk: Desk, provider: str) -> int:
    """Look up what the provider hinted at a while ago and nobody looked at yet; gives how many hints.

    Raises ProviderUnavailable.
    """
    with desk.open_books() as books:
        waiting = books.waiting_news(provider, desk.now() - LEFT_AFTER, AT_ONCE)
    _follow_up(desk, provider, waiting)
    return len(waiting)


def _follow_up(desk: Desk, provider: str, news: Sequence[tuple[str, str, str]]) -> None:
    if not news:
        return
    for kind, look_up in LOOK_UP.items():
        keys = sorted({key for _, of, key in news if of == kind})
        if keys:
            look_up(desk, keys)
    with desk.open_books() as books:
        books.mark_news_handled(provider, [id_ for id_, _, _ in news], desk.now())


def _look_up_charges(desk: Desk, keys: Sequence[str]) -> None:
    """Payments of debts are charges to the provider."""
    finish_charges(desk, keys)
    finish_payments(desk, keys)


def _look_up_holds(desk: Desk, keys: Sequence[str]) -> None:
    record_holds(desk, desk.provider.find_holds(keys))


LOOK_UP: Mapping[str, Callable[[Desk, Sequence[str]], object]] = {
    "charge": _look_up_charges,
    "hold": _look_up_holds,
    "refund": finish_refunds,
}
"""What follows from a hint, by what it names. What became of payouts, the next run asks for all of them."""
