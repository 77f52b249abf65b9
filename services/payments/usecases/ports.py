"""What the use cases need from the world: the books of one transaction, and the payment provider."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

from services.payments.domain.charge import Charge, Debt, Outcome
from services.payments.domain.debt import DebtPayment, OpenDebt
from services.payments.domain.hold import Hold, HoldAnswer
from services.payments.domain.ledger import Posting
from services.payments.domain.methods import method_of
from services.payments.domain.payout import Due, Payout, PayoutAnswer, PayoutLine
from services.payments.domain.receipt import Receipt
from services.payments.domain.refund import Refund, RefundAnswer


@dataclass(frozen=True, slots=True)
class CityRules:
    """A city's currency and calendar, and the tax rates of its categories as (valid_from, rate), oldest first.

    `payout_minimum_minor`: less than this is not sent yet.
    """

    currency: str
    zone: ZoneInfo
    tax_rates: Mapping[str, Sequence[tuple[datetime, Fraction]]]
    payout_minimum_minor: int = 1

    def tax_rate(self, category: str, at: datetime) -> Fraction:
        """The rate in force at a moment, on the price without tax; 0 when the city names none."""
        known = [rate for valid_from, rate in self.tax_rates.get(category, ()) if valid_from <= at]
        return known[-1] if known else Fraction(0)


@dataclass(frozen=True, slots=True)
class MoneyRules:
    """The settings of this service, as the use cases take them. `home` is the default city's.

    `confirm_within`: what a rider's bank wants him to confirm waits for so long. `tip_within`: so long after a ride it
    may be tipped.
    """

    home: CityRules
    fee_share: Fraction
    usual_method: str | None
    cities: Mapping[str, CityRules]
    looked_up_after: timedelta
    confirm_within: timedelta = timedelta(minutes=15)
    tip_within: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class ToCharge:
    """What the provider is asked: take so much by this method, once for this key.

    `hold_key`: what is held by this key is used. When it covers the amount it is captured for as much, which lets the
    rest go; when it does not, the whole amount is charged for the charge's own key and the hold is let go.
    """

    key: str
    amount_minor: int
    currency: str
    method: str
    hold_key: str | None = None


@dataclass(frozen=True, slots=True)
class ToHold:
    """What the provider is asked: keep so much back on this method, once for this key."""

    key: str
    amount_minor: int
    currency: str
    method: str
    rider_id: str


@dataclass(frozen=True, slots=True)
class ToPayOut:
    """What the provider is asked: send a driver so much, once for this key."""

    key: str
    amount_minor: int
    currency: str
    driver_id: str
    account: str


@dataclass(frozen=True, slots=True)
class ToRefund:
    """What the provider is asked: give back so much of what it took for `charge_key`, once for this key."""

    key: str
    charge_key: str
    amount_minor: int
    currency: str


NewsKind = Literal["charge", "hold", "refund", "payout"]
"""What a provider knows by keys. Payments of debts and tips are charges too."""


@dataclass(frozen=True, slots=True)
class ProviderNews:
    """A hint that something changed: the provider's id of the message, and what to look up by which key."""

    id: str
    kind: NewsKind
    key: str


@dataclass(frozen=True, slots=True)
class ProviderRecord:
    """One line of the provider's own list. `state` is a word of ChargeState, RefundState or PayoutState."""

    kind: Literal["charge", "refund", "payout"]
    key: str
    state: str
    amount_minor: int
    currency: str
    reference: str
    at: datetime


class Provider(Protocol):
    """A payment provider: see `services.payments.provider`.

    Whatever is asked is asked by key, and a key has one effect and one answer, however often it comes. An answer that
    is left out was lost: it is looked up by `find_*`, and never asked for by another key.
    """

    def knows_method(self, method: str) -> bool:
        """Whether a payment method may be one of its: what it would refuse by its form alone is not. Asks nobody."""

    def knows_account(self, account: str) -> bool:
        """Whether a driver may be paid to an account, by its form alone. Asks nobody."""

    def hold_all(self, wanted: Sequence[ToHold]) -> Mapping[str, HoldAnswer]:
        """Keep each amount back, by key. Those whose answer was lost are left out. Raises ProviderUnavailable."""

    def find_holds(self, keys: Collection[str]) -> Mapping[str, HoldAnswer]:
        """What became of these holds; those that the provider never heard of are left out."""

    def release_all(self, keys: Collection[str]) -> Mapping[str, HoldAnswer]:
        """Let these go: how each stands then. What was captured stays captured; what the provider never heard of is
        left out, as are those whose answer was lost. Raises ProviderUnavailable."""

    def confirm_hold(self, key: str, accepted: bool) -> HoldAnswer:
        """The rider answered his bank's question: how the hold stands now. With a provider that asks riders by itself,
        `accepted` only looks again, and not accepting lets it go. Raises ProviderUnavailable."""

    def charge_all(self, wanted: Sequence[ToCharge]) -> Mapping[str, Outcome]:
        """Charge each, by key. Those whose answer was lost are left out. `pending`: the provider has it and will tell
        later, by a webhook. Raises ProviderUnavailable."""

    def find_all(self, keys: Collection[str]) -> Mapping[str, Outcome]:
        """What became of these charges; those that the provider never heard of are left out."""

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[ProviderNews]:
        """What a message to `POST /v1/webhooks/{provider}` hints at; nothing, when it is of no interest. `headers`:
        their names in lower case. Raises WebhookRefused when it is not the provider's, WebhookUnreadable."""

    def list_since(self, moment: datetime) -> Iterator[ProviderRecord]:
        """The provider's own list of charges, refunds and payouts begun at or after a moment, for the audit."""

    def refund_all(self, wanted: Sequence[ToRefund]) -> Mapping[str, RefundAnswer]:
        """Give back each, by key. Those whose answer was lost are left out. Raises ProviderUnavailable."""

    def find_refunds(self, keys: Collection[str]) -> Mapping[str, RefundAnswer]:
        """What became of these refunds; those that the provider never heard of are left out."""

    def pay_out_all(self, wanted: Sequence[ToPayOut]) -> Mapping[str, PayoutAnswer]:
        """Send each, by key. Raises ProviderUnavailable."""

    def find_payouts(self, keys: Collection[str]) -> Mapping[str, PayoutAnswer]:
        """What became of these payouts; those that the provider never heard of are left out."""

    def find_returned(self, keys: Collection[str]) -> Mapping[str, str]:
        """Of payouts that were sent, those that came back: key → why."""


class Books(Protocol):
    """The rows of this service in one transaction: see `storage.books` and `storage.payouts`."""

    def claim(self, charges: Sequence[Charge]) -> set[str]: ...
    def charges_of(self, trip_ids: Collection[str]) -> list[Charge]: ...
    def charges_pending(self, ids: Collection[str]) -> list[Charge]: ...
    def pending_since(self, moment: datetime, limit: int) -> list[Charge]: ...
    def resolve(self, outcomes: Mapping[str, Outcome], at: datetime) -> set[str]: ...
    def post(self, postings: Sequence[Posting]) -> None: ...
    def next_numbers(self, city: str, year: int, count: int) -> range: ...
    def issue(self, receipts: Sequence[Receipt]) -> None: ...
    def owe(self, debts: Sequence[Debt]) -> None: ...
    def earn(self, lines: Sequence[PayoutLine]) -> None: ...
    def debts_to_settle(self, rider_id: str) -> list[OpenDebt]: ...
    def add_payments(self, payments: Sequence[DebtPayment]) -> None: ...
    def payments_under_way(self, charge_ids: Collection[str]) -> list[DebtPayment]: ...
    def payments_pending(self, ids: Collection[str]) -> list[DebtPayment]: ...
    def payments_pending_since(self, moment: datetime, limit: int) -> list[DebtPayment]: ...
    def resolve_payments(self, outcomes: Mapping[str, Outcome], at: datetime) -> set[str]: ...
    def settle(self, charge_ids: Collection[str], at: datetime) -> None: ...
    def charge_to_refund(self, trip_id: str, *, of_tip: bool) -> tuple[Charge, Sequence[Refund]]: ...
    def payment_of_debt(self, charge_id: str) -> str | None: ...
    def add_refund(self, refund: Refund) -> None: ...
    def refunds(self, ids: Collection[str]) -> list[Refund]: ...
    def refunds_pending_since(self, moment: datetime, limit: int) -> list[Refund]: ...
    def resolve_refunds(self, answers: Mapping[str, RefundAnswer], at: datetime) -> set[str]: ...
    def lock_rider(self, rider_id: str) -> list[OpenDebt]: ...
    def standing_hold(self, trip_id: str) -> Hold | None: ...
    def hold(self, hold_id: str) -> Hold | None: ...
    def holds(self, ids: Collection[str]) -> list[Hold]: ...
    def ungranted_holds(self, rider_id: str) -> list[Hold]: ...
    def add_hold(self, hold: Hold) -> None: ...
    def give_hold_to(self, hold_id: str, trip_id: str) -> None: ...
    def grant_hold(self, hold_id: str, trip_id: str, at: datetime) -> None: ...
    def resolve_holds(self, answers: Mapping[str, HoldAnswer], at: datetime) -> set[str]: ...
    def holds_of(self, trip_ids: Collection[str]) -> dict[str, Hold]: ...
    def use_holds(self, used: Mapping[str, str], at: datetime) -> None: ...
    def let_go(self, trip_ids: Collection[str], at: datetime) -> list[str]: ...
    def let_go_holds(self, ids: Collection[str], at: datetime) -> list[str]: ...
    def let_go_spent(self, confirmed_before: datetime, at: datetime) -> None: ...
    def holds_let_go(self, limit: int) -> list[Hold]: ...
    def holds_pending_since(self, moment: datetime, limit: int) -> list[Hold]: ...
    def holds_to_check(self, before: datetime, limit: int) -> list[Hold]: ...
    def mark_checked(self, ids: Collection[str], at: datetime) -> None: ...
    def mark_ended(self, ids: Collection[str], at: datetime) -> None: ...
    def keep_news(self, provider: str, news: Sequence[tuple[str, str, str]], at: datetime) -> set[str]: ...
    def waiting_news(self, provider: str, before: datetime, limit: int) -> list[tuple[str, str, str]]: ...
    def mark_news_handled(self, provider: str, ids: Collection[str], at: datetime) -> None: ...
    def tell(self, events: Sequence[tuple[str, str, dict[str, Any]]]) -> None: ...
    def lock_payout_run(self, city: str) -> None: ...
    def due(self, city: str, until_day: date, least_minor: int, after: tuple[str, str], limit: int) -> list[Due]: ...
    def reserve(self, payouts: Sequence[Payout], lines: Mapping[int, str]) -> None: ...
    def reserved(self, after_id: str, limit: int) -> list[Payout]: ...
    def resolve_payouts(self, answers: Mapping[str, PayoutAnswer], at: datetime) -> set[str]: ...
    def unposted_payouts(self, ids: Collection[str]) -> set[str]: ...
    def sent_since(self, moment: datetime, after_id: str, limit: int) -> list[Payout]: ...
    def mark_returned(self, reasons: Mapping[str, str]) -> set[str]: ...


OpenBooks = Callable[[], AbstractContextManager[Books]]
"""Opens a transaction: `with open_books() as books:`, committed at the end of the block."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What charging and paying out work with."""

    open_books: OpenBooks
    provider: Provider
    rules: MoneyRules
    now: Callable[[], datetime]
    new_id: Callable[[], str]

    def method_of(self, given: str | None) -> str:
        """The payment method that stands for what a rider gave, or for nothing. Raises UnknownPaymentMethod."""
        return method_of(given, self.rules.usual_method, self.provider.knows_method)
