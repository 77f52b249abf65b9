"""The fare to charge for what was driven, and why it is that."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from hansom.contracts.pricing import AskFinalFare, FareReason
from services.pricing.domain.explaining import as_quoted, changes
from services.pricing.domain.fare import Fare, fare_of, waiting_minor, whole
from services.pricing.domain.quote import Option, Quote
from services.pricing.domain.terms import met

AS_QUOTED = (FareReason.QUOTED, FareReason.TRACE_NOT_CREDIBLE)


@dataclass(frozen=True, slots=True)
class Priced:
    """Whole metres and seconds to price, and why these."""

    distance_m: int
    duration_s: int
    reason: FareReason


def final_fare(quote: Quote, driven: AskFinalFare, tolerance: Fraction) -> tuple[Fare, FareReason]:
    """The fare to charge and why: the quoted one, unless the ride was longer or shorter than quoted by more than
    `tolerance` (a share of the quoted distance) by a trace good enough to charge on, or ended early, or went elsewhere;
    then what was driven is priced by the quote's own tariff and surge. Waiting beyond what is free comes on top. A fare
    that changed has the quoted one and what changed it for its lines. Raises CategoryNotInQuote.
    """
    option = quote.option(driven.category)
    priced = _ended_early(quote, driven, tolerance) if driven.ended_early else _priced_way(quote, driven, tolerance)
    waited_s = whole(driven.waited_s)
    waited = waiting_minor(option.tariff, waited_s) > 0
    told = FareReason.DESTINATION_CHANGED if quote.parent_id and priced.reason in AS_QUOTED else priced.reason
    if not waited and priced.reason in AS_QUOTED:
        return Fare(option.lines, option.fare.tax_minor), told
    dropoff = driven.ended_at if driven.ended_early else quote.dropoff
    terms = met(option.tariff.terms, quote.pickup, dropoff, quote.created_at, waited_s)
    fare = fare_of(option.tariff, priced.distance_m, priced.duration_s, quote.surge.multiplier, terms)
    return _explained(quote, option, priced, fare), FareReason.WAITED if told == FareReason.QUOTED else told


def _explained(quote: Quote, option: Option, priced: Priced, fare: Fare) -> Fare:
    """The same fare, told from the quoted one on."""
    way, time = (quote.route.distance_m, priced.distance_m), (quote.route.duration_s, priced.duration_s)
    changed = changes(option.fare, fare, way, time)
    if not changed:
        return Fare(option.lines, fare.tax_minor)
    return Fare((*(option.story or (as_quoted(option.fare),)), *changed), fare.tax_minor)


def _priced_way(quote: Quote, driven: AskFinalFare, tolerance: Fraction) -> Priced:
    quoted_m, quoted_s = quote.route.distance_m, quote.route.duration_s
    if driven.distance_m is None or not driven.credible:
        return Priced(quoted_m, quoted_s, FareReason.TRACE_NOT_CREDIBLE)
    distance_m, duration_s = whole(driven.distance_m), whole(driven.duration_s)
    if driven.destination_changed and quote.parent_id is None:
        # no quote knows of where it went: nothing but what was driven can be charged
        return Priced(distance_m, duration_s, FareReason.DESTINATION_CHANGED)
    if abs(distance_m - quoted_m) <= tolerance * quoted_m:
        return Priced(quoted_m, quoted_s, FareReason.QUOTED)
    reason = FareReason.LONGER if distance_m > quoted_m else FareReason.SHORTER
    return Priced(distance_m, duration_s, reason)


def _ended_early(quote: Quote, driven: AskFinalFare, tolerance: Fraction) -> Priced:
    """A ride that was ended on the way costs no more than was quoted, unless it had gone far round by then.

    Without a trace to charge on, so much of the way counts as of the quoted time had passed.
    """
    quoted_m, quoted_s = quote.route.distance_m, quote.route.duration_s
    duration_s = min(whole(driven.duration_s), quoted_s)
    if driven.distance_m is None or not driven.credible:
        distance_m = whole(Fraction(quoted_m * duration_s, quoted_s)) if quoted_s else quoted_m
        return Priced(distance_m, duration_s, FareReason.ENDED_EARLY)
    distance_m = whole(driven.distance_m)
    if distance_m > quoted_m * (1 + tolerance):
        return Priced(distance_m, whole(driven.duration_s), FareReason.ENDED_EARLY)
    return Priced(min(distance_m, quoted_m), duration_s, FareReason.ENDED_EARLY)
