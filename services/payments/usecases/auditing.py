"""The audit as it is run and kept: this service's questions, what others find in themselves, trips against charges."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, time, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from hansom.contracts.payment_replies import AuditCheck
from hansom.contracts.payments import AuditCause
from services.payments.domain.clearing import EARLIER, HAS_MOVED, LOOKED_BACK, Movement, hold_against_each_other
from services.payments.domain.proof import SLACK, Audit, ChargeMoney, Comparison, PromoUse, Tally, TripMoney
from services.payments.usecases.ports import ProviderRecord

OWN = "payments"
PAGE = 1000
"""Trips compared at a time."""


class Witnesses(Protocol):
    """Who is asked: see `service`."""

    def own_checks(self) -> list[Any]:
        """The questions of this database, in one snapshot. Raises AuditRunning."""

    def checks_of_others(self) -> Mapping[str, Sequence[Any]]:
        """Service → what it finds in itself. Raises Unavailable."""

    def promo_uses(self) -> Mapping[str, PromoUse]:
        """Every promo code that was used, by trip. Raises Unavailable."""

    def providers_list(self, moment: datetime) -> Iterable[ProviderRecord] | None:
        """What the provider did since a moment; None when the questions ask its books. Raises ProviderUnavailable."""

    def movements(self, moment: datetime, keys: Collection[str]) -> tuple[list[Movement], Mapping[str, Movement]]:
        """What moved here since a moment, and all that is known of these keys."""

    def trips_after(self, trip_id: str, limit: int) -> list[TripMoney]:
        """Trips, live and archived, in the order of their ids. Raises Unavailable."""

    def charges_between(self, after: str, until: str | None) -> list[ChargeMoney]:
        """Charges of trips with after < id <= until, of all after it when `until` is None."""


def run_audit(witnesses: Witnesses, cause: AuditCause, now: Callable[[], datetime], new_id: Callable[[], str]) -> Audit:
    """Ask everything. Raises AuditRunning, Unavailable."""
    started_at = now()
    found = {OWN: witnesses.own_checks(), **witnesses.checks_of_others()}
    checks = [_check(service, each) for service, each_of in found.items() for each in each_of]
    tallies = [*compare_trips(witnesses, started_at - SLACK).tallies, compare_provider(witnesses, started_at)]
    checks += [_check(OWN, asdict(tally)) for tally in tallies if tally is not None]
    return Audit(new_id(), cause, started_at, now(), checks)


def compare_trips(witnesses: Witnesses, until: datetime) -> Comparison:
    """Every trip against its charges and its promo code, and both against their trips. Raises Unavailable."""
    comparison, after = Comparison(until, witnesses.promo_uses()), ""
    while True:
        trips = witnesses.trips_after(after, PAGE)
        last = trips[-1].trip_id if len(trips) == PAGE else None
        comparison.compare(trips, witnesses.charges_between(after, last))
        if last is None:
            comparison.end()
            return comparison
        after = last


def compare_provider(witnesses: Witnesses, now: datetime) -> Tally | None:
    """The provider's own list of the last days against what moved here; None for one whose books are in this database,
    where questions compare all of them. Raises ProviderUnavailable."""
    since = now - LOOKED_BACK
    records = witnesses.providers_list(since - EARLIER)
    if records is None:
        return None
    theirs = [
        Movement(each.kind, each.key, each.amount_minor, each.currency, each.at)
        for each in records
        if each.state in HAS_MOVED
    ]
    ours, by_key = witnesses.movements(since, {movement.key for movement in theirs})
    return hold_against_each_other(theirs, ours, by_key, now - SLACK)


def _check(service: str, found: Mapping[str, Any]) -> AuditCheck:
    """Services that name every breach need not count them."""
    breaches = list(found["breaches"])
    broken = found.get("broken", len(breaches))
    return AuditCheck(service=service, name=found["name"], checked=found["checked"], broken=broken, breaches=breaches)


def last_due(now: datetime, hour: int, zone: ZoneInfo) -> datetime:
    """When the last nightly audit was due: the newest `hour` o'clock of the city's clock that is not to come."""
    local = now.astimezone(zone)
    due = datetime.combine(local.date(), time(hour), zone)
    return due if due <= local else datetime.combine(local.date() - timedelta(days=1), time(hour), zone)
