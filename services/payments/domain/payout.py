"""Payouts: what drivers earned on days that are over, sent the day after (T+1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hansom.contracts.payments import ChargeKind, DayNotOver, PayoutState, UnknownPayoutAccount

USUAL_ACCOUNT = "usual"
"""Of a driver who named none: where the provider pays him by its own agreement with him."""

_LIKE_AN_ACCOUNT_NUMBER = re.compile(r"[A-Za-z]{2}\d{2}[ A-Za-z0-9]{10,}|(?:\d[ -]?){8,}")


def account_of(given: str, knows: Callable[[str], bool]) -> str:
    """The account's token, one that the provider `knows`.

    Raises UnknownPayoutAccount; what looks like an account number is not repeated.
    """
    if knows(given):
        return given
    why = "There is no such payout account."
    if _LIKE_AN_ACCOUNT_NUMBER.search(given):
        why = "Send a token of the payment provider, never an account number."
    raise UnknownPayoutAccount(details={"account": [why]})


@dataclass(frozen=True, slots=True)
class PayoutLine:
    """What one charge brought its driver: fare - tax - fee, less what he took in cash. Negative: he owes it.

    `kind` is the charge's, and says nothing where there is none. With `refund_id` it is what he bears of a refund, a
    fare below nothing; with `returned_payout_id` a payout that he did not get and is owed again, of no ride. `id` is
    the row's, once it is kept.
    """

    charge_id: str | None
    trip_id: str | None
    driver_id: str
    city: str
    currency: str
    fare_minor: int
    tax_minor: int
    fee_minor: int
    cash_minor: int
    earned_on: date
    earned_at: datetime
    payout_id: str | None = None
    refund_id: str | None = None
    returned_payout_id: str | None = None
    id: int | None = None
    kind: ChargeKind = ChargeKind.RIDE

    @property
    def is_charge(self) -> bool:
        """Neither part of a refund nor a payout that came back."""
        return self.refund_id is None and self.returned_payout_id is None

    @property
    def is_ride(self) -> bool:
        return self.is_charge and self.kind == ChargeKind.RIDE

    @property
    def share_minor(self) -> int:
        return self.fare_minor - self.tax_minor - self.fee_minor

    @property
    def amount_minor(self) -> int:
        return self.share_minor - self.cash_minor


@dataclass(frozen=True, slots=True)
class Due:
    """What a driver is owed in one currency, more than nothing, and the lines that it is for, `rides` of them rides."""

    driver_id: str
    currency: str
    amount_minor: int
    line_ids: tuple[int, ...]
    rides: int


@dataclass(frozen=True, slots=True)
class Payout:
    """One sum sent to one driver. Its `id` is the key by which the provider knows it."""

    id: str
    driver_id: str
    city: str
    currency: str
    amount_minor: int
    until_day: date
    state: PayoutState
    created_at: datetime
    sent_at: datetime | None
    rides: int
    reason: str | None = None
    account: str = USUAL_ACCOUNT


@dataclass(frozen=True, slots=True)
class PayoutAnswer:
    """What the provider said of a payout: sent with its reference, or failed with a reason in a word."""

    state: PayoutState
    reference: str | None
    reason: str | None


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """The day by a city's own calendar, daylight saving and all."""
    return moment.astimezone(zone).date()


def last_payable_day(now: datetime, zone: ZoneInfo, asked: date | None) -> date:
    """Up to which day a run pays: yesterday by the city's calendar, or the day that was asked for, today at the latest.

    Raises DayNotOver for a day that has not come.
    """
    today = day_of(now, zone)
    if asked is None:
        return today - timedelta(days=1)
    if asked > today:
        raise DayNotOver(details={"until_day": [asked.isoformat()]})
    return asked
