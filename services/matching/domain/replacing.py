"""Better drivers for trips whose open offer its driver has not seen.

Such a trip is in the batch again, with its driver among its candidates, who counts as nearer than he is by the least
gain: so the policy gives it to another only when he is there sooner by at least that, and it never takes a driver from
a trip that has none. A trip that keeps its driver leaves no trace in the proposal.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import overload

from hansom.contracts.matching import Dropped
from services.matching.domain.model import Batch, Considered, FreeDriver, Proposal, Reasoned, WaitingTrip
from services.matching.domain.pool import OpenOffer, PoolView


@dataclass(frozen=True, slots=True)
class Improvable:
    """A trip and its open offer. `eta_s`: what that offer promised."""

    trip: WaitingTrip
    offer: OpenOffer
    eta_s: float


def ripe_offers(view: PoolView, now_ms: int, age_s: float, gain_s: float) -> list[OpenOffer]:
    """Open offers made at least `age_s` ago that a driver `gain_s` nearer could take the place of."""
    waiting = {trip.trip_id for trip in view.trips}
    return [
        offer
        for offer in view.offers
        if offer.trip_id in waiting
        and offer.until_ms > now_ms
        and offer.made_ms is not None
        and offer.made_ms + 1000 * age_s <= now_ms
        and offer.pickup_eta_s is not None
        and offer.pickup_eta_s > gain_s
    ]


def with_standing(
    batch: Batch, improvable: Sequence[Improvable], gain_s: float
) -> tuple[Batch, dict[tuple[str, str], float]]:
    """The batch with each standing pair `gain_s` nearer than it is, and the true seconds of these pairs.

    A driver who was not found near any more counts with what was promised.
    """
    times = dict(batch.road_times)
    drivers = {driver.driver_id: driver for driver in batch.drivers}
    true_s: dict[tuple[str, str], float] = {}
    for each in improvable:
        pair = (each.trip.trip_id, each.offer.driver_id)
        now_s = times.get(pair)
        true_s[pair] = each.eta_s if now_s is None else now_s
        times[pair] = max(0.0, true_s[pair] - gain_s)
        drivers.setdefault(each.offer.driver_id, FreeDriver(each.offer.driver_id, each.trip.pickup))
    return Batch(batch.trips, tuple(drivers.values()), times), true_s


def settle(
    proposal: Proposal, improvable: Sequence[Improvable], true_s: Mapping[tuple[str, str], float], gain_s: float
) -> tuple[Proposal, dict[str, OpenOffer]]:
    """The proposal with standing pairs as they are, and which offer each better pair replaces, by trip."""
    if not improvable:
        return proposal, {}
    standing = {each.trip.trip_id: each.offer for each in improvable}
    better = {
        pair.trip_id: standing[pair.trip_id]
        for pair in proposal.pairs
        if pair.trip_id in standing and _is_better(pair, standing[pair.trip_id], true_s, gain_s)
    }
    kept = _Settled(proposal, standing.keys() - better.keys(), true_s)
    return replace(proposal, considered=kept), better


class _Settled(Reasoned):
    """Reasons without those of some trips, and with standing pairs as they are; made when they are first read."""

    def __init__(self, proposal: Proposal, without: Collection[str], true_s: Mapping[tuple[str, str], float]) -> None:
        self._proposal, self._without, self._true_s = proposal, without, true_s

    def __len__(self) -> int:
        return len(self._all)

    @overload
    def __getitem__(self, number: int) -> Considered: ...

    @overload
    def __getitem__(self, number: slice) -> tuple[Considered, ...]: ...

    def __getitem__(self, number: int | slice) -> Considered | tuple[Considered, ...]:
        return self._all[number]

    def because(self, dropped: Dropped | None) -> tuple[Considered, ...]:
        if dropped is None:
            return self._settled(self._proposal.pairs)
        return self._settled(self._proposal.held) if dropped is Dropped.HELD else super().because(dropped)

    @cached_property
    def _all(self) -> tuple[Considered, ...]:
        return self._settled(self._proposal.considered)

    def _settled(self, rows: Iterable[Considered]) -> tuple[Considered, ...]:
        return tuple(
            _as_it_is(row, self._true_s.get((row.trip_id, row.driver_id)))
            for row in rows
            if row.trip_id not in self._without
        )


def _is_better(pair: Considered, offer: OpenOffer, true_s: Mapping[tuple[str, str], float], gain_s: float) -> bool:
    if pair.driver_id == offer.driver_id or pair.pickup_eta_s is None:
        return False
    return pair.pickup_eta_s + gain_s <= true_s[pair.trip_id, offer.driver_id]


def _as_it_is(row: Considered, true_s: float | None) -> Considered:
    """The row of a standing pair with its true time; any other as it was."""
    if true_s is None or row.pickup_eta_s is None:
        return row
    more_s = true_s - row.pickup_eta_s
    score = None if row.score is None else row.score + more_s
    parts = {**row.parts, "road": row.parts["road"] + more_s} if "road" in row.parts else row.parts
    return replace(row, pickup_eta_s=true_s, score=score, parts=parts)
