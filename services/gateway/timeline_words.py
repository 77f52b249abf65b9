"""A sentence of English for each moment of a trip."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from babel.numbers import format_currency, get_currency_precision

from hansom.contracts.timeline import Code

Values = Mapping[str, Any]
Sentence = Callable[[str, Values], str]
"""Of the name of who did it, and the values."""

ROLES = {"rider": "The rider", "driver": "The driver", "ops": "An operator"}

TAKEN_BACK = {
    "silent": "nothing was heard of him",
    "no_show": "he was late and came no nearer",
}
"""Why a trip was taken from its driver."""

DROPPED = {
    "category": "drive another category",
    "excluded": "had refused it before",
    "no_road": "had no road to the pickup",
    "too_far": "were too far away",
    "patience": "could not have come in time",
    "finishing": "were still on a ride",
    "held": "were finishing a ride",
    "another_driver": "were left for a better one",
    "another_trip": "were asked for another trip",
    "not_matched": "were not needed",
    "refused": "were not free after all",
}
"""Why drivers who were looked at were not asked."""


def words_of(code: str, who: Mapping[str, Any] | None, values: Values) -> str:
    """The sentence. `who`: `{role, id, name}`; a code of a newer service is told as it is."""
    if code not in SENTENCES:
        return code.replace("_", " ")
    name = "" if who is None else who.get("name") or ROLES.get(who["role"], who["role"])
    return SENTENCES[Code(code)](name, values)


def money(amount: Mapping[str, Any]) -> str:
    """Such as `€12.50`."""
    currency = str(amount["currency"])
    value = Decimal(int(amount["amount_minor"])).scaleb(-get_currency_precision(currency))
    return format_currency(value, currency, locale="en")


def lasting(seconds: float) -> str:
    """`12 s`, `3 min`."""
    return f"{round(seconds)} s" if seconds < 90 else f"{round(seconds / 60)} min"


def _because(reason: Any) -> str:
    return f" ({str(reason).replace('_', ' ')})" if reason else ""


def _quoted(name: str, values: Values) -> str:
    surge = values["surge"]["multiplier"]
    raised = f", {surge:.1f} times the usual fare" if surge > 1 else ""
    code = f" with the code {values['promo_code']}" if values["promo_code"] else ""
    what = "for the new destination" if values["for_change"] else f"for a {values['category']} ride"
    return f"{name} was told {money(values['to_pay'])} {what}{code}{raised}."


def _looked(name: str, values: Values) -> str:
    batches = values["batches"]
    often = f" in {batches} batches over {lasting(values['for_s'])}" if batches > 1 else ""
    drivers = values["drivers"]
    if not drivers:
        return f"No free driver was near{often}."
    looked = f"{drivers} {'driver was' if drivers == 1 else 'drivers were'} looked at{often}"
    if values["offered"]:
        return f"{looked}, and one was asked."
    why = [f"{number} {DROPPED.get(reason, reason)}" for reason, number in values["dropped"].items()]
    return f"{looked}; nobody was asked: {', '.join(why)}."


def _promised(name: str, values: Values) -> str:
    actual = values["actual_s"]
    kept = f" It took {lasting(actual)}." if actual is not None else ""
    return f"The rider was told to wait for about {lasting(values['about_s'])}.{kept}"


def _assigned(name: str, values: Values) -> str:
    eta_s = values["pickup_eta_s"]
    there = f", {lasting(eta_s)} away" if eta_s is not None else ""
    return f"{name} has the trip{there}."


def _called_off(what: str) -> Sentence:
    def sentence(name: str, values: Values) -> str:
        fee = f" It costs {money(values['fee'])}." if values["fee"] and values["fee"]["amount_minor"] else ""
        return f"{name} {what}{_because(values['reason'])}.{fee}"

    return sentence


def _settled(name: str, values: Values) -> str:
    discount = values["discount"]
    less = f", {money(discount)} of it by a promo code" if discount["amount_minor"] else ""
    return f"The fare is final: {money(values['fare'])}{less}{_because(values['reason'])}."


def _paid(text: str) -> Sentence:
    """`{who}`, `{amount}`, `{method}`, `{why}` and the like filled in."""

    def sentence(name: str, values: Values) -> str:
        known = {
            "who": name,
            "amount": money(values["amount"]) if "amount" in values else "",
            "method": "in cash" if values.get("method") == "cash" else "by card",
            "what": {"ride": "the ride", "no_show": "not coming"}.get(str(values.get("of")), f"the {values.get('of')}"),
            "why": _because(values.get("reason")),
            "number": values.get("number", ""),
        }
        return text.format(**known)

    return sentence


def _rated(name: str, values: Values) -> str:
    stars = values["stars"]
    said = f": “{values['comment']}”" if values["comment"] else ""
    return f"{name} gave the {values['of']} {stars} {'star' if stars == 1 else 'stars'}{said}."


SENTENCES: dict[Code, Sentence] = {
    Code.QUOTED: _quoted,
    Code.REQUESTED: lambda name, values: f"{name} asked for a {values['category']} ride.",
    Code.ASSIGNED: _assigned,
    Code.GIVEN_BACK: lambda name, values: f"{name} gave the trip back, and another driver was looked for.",
    Code.TAKEN_BACK: lambda name, values: (
        f"The trip was taken from its driver: {TAKEN_BACK.get(values['reason'], values['reason'])}."
    ),
    Code.ARRIVED: lambda name, values: f"{name} was at the pickup.",
    Code.STARTED: lambda name, values: f"{name} started the ride with the rider's PIN.",
    Code.DESTINATION_CHANGED: lambda name, values: f"{name} changed the destination.",
    Code.COMPLETED: lambda name, values: f"{name} completed the ride.",
    Code.CANCELLED: _called_off("cancelled the trip"),
    Code.ENDED_EARLY: _called_off("ended the ride on the way"),
    Code.NO_SHOW: _called_off("waited in vain and left"),
    Code.EXPIRED: lambda name, values: "No driver was found in time.",
    Code.SETTLED: _settled,
    Code.OFFER_MADE: lambda name, values: f"{name} was asked, {lasting(values['pickup_eta_s'])} from the pickup.",
    Code.OFFER_SHOWN: lambda name, values: f"{name} was shown the offer.",
    Code.OFFER_ACCEPTED: lambda name, values: f"{name} accepted after {lasting(values['after_s'])}.",
    Code.OFFER_DECLINED: lambda name, values: f"{name} declined after {lasting(values['after_s'])}.",
    Code.OFFER_EXPIRED: lambda name, values: f"{name} did not answer within {lasting(values['after_s'])}.",
    Code.OFFER_WITHDRAWN: lambda name, values: f"The offer to {name} was withdrawn.",
    Code.LOOKED: _looked,
    Code.WAIT_PROMISED: _promised,
    Code.HOLD_ASKED: _paid("{amount} was to be held on the rider's card."),
    Code.HOLD_GRANTED: _paid("{amount} was held on the rider's card."),
    Code.HOLD_DECLINED: _paid("The card refused the hold of {amount}{why}."),
    Code.HOLD_TAKEN: _paid("The ride was paid from the {amount} that was held."),
    Code.HOLD_RELEASED: _paid("The {amount} that was held was let go{why}."),
    Code.CHARGE_BEGUN: _paid("{amount} for {what} is being charged {method}; there is no answer yet."),
    Code.CHARGED: _paid("{who} paid {amount} for {what} {method}."),
    Code.CHARGE_FAILED: _paid("{amount} for {what} could not be charged{why}."),
    Code.RECEIPT_ISSUED: _paid("Receipt {number} was written."),
    Code.CREDIT_NOTE_ISSUED: _paid("Credit note {number} was written."),
    Code.DEBT_OPENED: _paid("{who} owes {amount}{why}."),
    Code.DEBT_SETTLED: _paid("{who} paid the {amount} owed."),
    Code.REFUND_ASKED: _paid("{who} asked for a refund of {amount}{why}."),
    Code.REFUNDED: _paid("{amount} was paid back."),
    Code.REFUND_FAILED: _paid("The refund of {amount} failed{why}."),
    Code.TIPPED: _paid("{who} gave a tip of {amount}."),
    Code.TIP_FAILED: _paid("A tip of {amount} could not be charged{why}."),
    Code.PAYOUT_SENT: _paid("{amount} of it was paid out to {who}."),
    Code.RATED: _rated,
}
