"""Holds and charges: both are PaymentIntents, of manual and of automatic capture.

A charge that its hold covers is that hold's intent, captured; it is noted first which charge may do so, and no other
can. Any other charge is an intent of its own. A look-up goes by Stripe's id where its answer was heard, otherwise
through the intents of the time in which it was asked for, by our key in their metadata: unlike Stripe's search, that
list is never behind.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from hansom.contracts.payments import ChargeState, HoldState, ProviderUnavailable
from services.payments.domain.charge import Outcome
from services.payments.domain.hold import HoldAnswer
from services.payments.provider.stripe import words
from services.payments.provider.stripe.asking import REFUSED, UNKNOWN, Key, Line
from services.payments.provider.stripe.notes import Note, Notes, Wish
from services.payments.usecases.ports import NewsKind, ToCharge, ToHold

ON_THE_WAY = timedelta(minutes=2)
"""How far from when we asked Stripe may have made an intent: clocks differ, and answers are lost late."""

NOBODY_S = "pm_card_"
"""How the names of Stripe's own test methods begin, which are nobody's."""

Intent = Any


class Intents:
    """See `usecases.ports.Provider`, whose methods on holds and charges these are."""

    def __init__(self, line: Line, notes: Notes, now: Callable[[], datetime]) -> None:
        self._line, self._notes, self._now = line, notes, now

    # -- holds ---------------------------------------------------------------------------------------------------------
    def hold_all(self, wanted: Sequence[ToHold]) -> dict[str, HoldAnswer]:
        notes = self._notes.take("hold", [_wish(one) for one in wanted], self._now())
        there = self._find("hold", [note for note in notes.values() if not note.is_new])
        new = [one for one in wanted if one.key not in there]
        answers = dict(self._line.ask_all([one.key for one in new], _by_key(new, self._hold)))
        self._notes.heard("hold", {key: answer.reference for key, answer in answers.items() if answer.reference})
        return {key: words.hold_answer(intent) for key, intent in there.items()} | answers

    def find_holds(self, keys: Collection[str]) -> dict[str, HoldAnswer]:
        return {key: words.hold_answer(intent) for key, intent in self._holds(keys).items()}

    def release_all(self, keys: Collection[str]) -> dict[str, HoldAnswer]:
        intents = self._holds(keys)
        return dict(self._line.ask_all(list(intents), lambda key: words.hold_answer(self._cancel(intents[key]))))

    def confirm_hold(self, key: str, accepted: bool) -> HoldAnswer:
        """See the port. Raises LookupError for a hold that Stripe never heard of."""
        intents = self._holds([key])
        if key not in intents:
            raise LookupError(key)
        try:
            return words.hold_answer(intents[key] if accepted else self._cancel(intents[key]))
        except UNKNOWN as exc:
            raise ProviderUnavailable() from exc

    def _hold(self, one: ToHold) -> HoldAnswer:
        try:
            return words.hold_answer(self._create("hold", one, {"capture_method": "manual"}))
        except REFUSED as exc:
            return HoldAnswer(HoldState.DECLINED, words.intent_of(exc), words.why_refused(exc))

    def _holds(self, keys: Collection[str]) -> dict[str, Intent]:
        return self._find("hold", list(self._notes.of("hold", keys).values()))

    def _cancel(self, intent: Intent) -> Intent:
        """The intent, canceled unless it is over already."""
        if intent.status in ("canceled", "succeeded"):
            return intent
        return self._line.ask(lambda: self._change(intent, "cancel", self._line.v1.payment_intents.cancel, {}))

    # -- charges -------------------------------------------------------------------------------------------------------
    def charge_all(self, wanted: Sequence[ToCharge]) -> dict[str, Outcome]:
        notes = self._notes.take("charge", [_wish(one) for one in wanted], self._now())
        there = self._found([note for note in notes.values() if not note.is_new])
        new = [one for one in wanted if one.key not in there]
        # from which hold a charge is captured does not change once it is noted
        from_ = {one.key: hold for one in wanted if (hold := notes[one.key].hold_key or one.hold_key) is not None}
        holds = self._holds(set(from_.values()))
        held = {key: holds[hold] for key, hold in from_.items() if hold in holds}
        covered = {
            one.key for one in new if one.key in held and self._is_taken_from(one, from_[one.key], held[one.key])
        }
        self._notes.give_up_hold([one.key for one in new if one.key not in covered])

        def charge(one: ToCharge) -> Outcome:
            return self._capture(one, held[one.key]) if one.key in covered else self._charge(one)

        answers = dict(self._line.ask_all([one.key for one in new], _by_key(new, charge)))
        own = {key: answer.reference for key, answer in answers.items() if key not in covered and answer.reference}
        self._notes.heard("charge", own)
        answers = there | answers
        # what was not taken from its hold, now or before, was charged otherwise: nothing is held for it any more
        self._let_go(hold for key, hold in held.items() if key in answers and answers[key].reference != hold.id)
        return answers

    def find_all(self, keys: Collection[str]) -> dict[str, Outcome]:
        return self._found(list(self._notes.of("charge", keys).values()))

    def _found(self, notes: Sequence[Note]) -> dict[str, Outcome]:
        from_holds = {note.key: note.hold_key for note in notes if note.hold_key is not None}
        holds = self._holds(set(from_holds.values()))
        # a hold that is not captured says that this charge was not made yet
        taken = {key: holds[hold] for key, hold in from_holds.items() if hold in holds}
        found = {key: words.captured(intent) for key, intent in taken.items() if intent.status == "succeeded"}
        own = self._find("charge", [note for note in notes if note.hold_key is None])
        self._let_go(intent for intent in own.values() if intent.status == "requires_action")
        return found | {key: words.outcome(intent) for key, intent in own.items()}

    def intents_of_charges(self, keys: Collection[str]) -> dict[str, str]:
        """Stripe's ids of what these charges were taken by, to be refunded; by key."""
        return {key: outcome.reference for key, outcome in self.find_all(keys).items() if outcome.reference is not None}

    def _is_taken_from(self, one: ToCharge, hold_key: str, hold: Intent) -> bool:
        """Whether a charge is, or is to be, captured from a hold, and it alone."""
        if hold.status not in ("requires_capture", "succeeded"):
            return False
        if one.amount_minor > hold.amount or one.currency.lower() != hold.currency:
            return False
        return self._notes.claim_hold(one.key, hold_key)

    def _capture(self, one: ToCharge, hold: Intent) -> Outcome:
        if hold.status == "succeeded":
            return words.captured(hold)
        capture, parameters = self._line.v1.payment_intents.capture, {"amount_to_capture": one.amount_minor}
        try:
            return words.captured(self._line.ask(lambda: self._change(hold, one.key, capture, parameters)))
        except REFUSED as exc:
            return self._not_captured(one, hold, exc)

    def _not_captured(self, one: ToCharge, hold: Intent, refusal: Exception) -> Outcome:
        """It may have been captured, or have lapsed, since: then it is found so, or charged by its own key."""
        now = self._retrieve(hold.id)
        if now.status != "requires_capture":
            return self._capture(one, now) if now.status == "succeeded" else self._charge_after_all(one)
        self._let_go([now])
        return Outcome(ChargeState.FAILED, hold.id, words.why_refused(refusal))

    def _charge_after_all(self, one: ToCharge) -> Outcome:
        self._notes.give_up_hold([one.key])
        outcome = self._charge(one)
        self._notes.heard("charge", {one.key: outcome.reference} if outcome.reference else {})
        return outcome

    def _charge(self, one: ToCharge) -> Outcome:
        try:
            intent = self._create("charge", one, {"off_session": True})
        except REFUSED as exc:
            return Outcome(ChargeState.FAILED, words.intent_of(exc), words.why_refused(exc))
        if intent.status == "requires_action":
            # nobody is there to answer his bank, and later it would be too late
            answer = words.outcome(intent)
            self._let_go([intent])
            return answer
        return words.outcome(intent)

    def _let_go(self, intents: Iterable[Intent]) -> None:
        """Cancel what is not needed. What cannot be reached lapses by itself, and is let go by who looks for it."""
        standing = [intent for intent in intents if intent.status not in ("canceled", "succeeded")]
        try:
            self._line.ask_all(standing, self._canceled)
        except ProviderUnavailable:
            return

    def _canceled(self, intent: Intent) -> None:
        try:
            self._cancel(intent)
        except REFUSED:
            return

    # -- intents -------------------------------------------------------------------------------------------------------
    def _create(self, kind: NewsKind, one: ToHold | ToCharge, more: Mapping[str, Any]) -> Intent:
        parameters = {
            "amount": one.amount_minor,
            "currency": one.currency.lower(),
            "payment_method": one.method,
            "payment_method_types": ["card"],
            "confirm": True,
            "metadata": {"hansom_kind": kind, "hansom_key": one.key},
            **more,
        }
        customer = self._customer_of(one.method)
        if customer is not None:
            parameters["customer"] = customer
        key = Key(f"hansom-{kind}-{one.key}")
        return self._line.ask(
            lambda: self._line.v1.payment_intents.create(params=parameters, options=key.options)  # type: ignore[arg-type]
        )

    def _customer_of(self, method: str) -> str | None:
        """Whose a saved method is: Stripe wants him named."""
        if method.startswith(NOBODY_S):
            return None
        found = self._line.ask(lambda: self._line.v1.payment_methods.retrieve(method))
        customer = words.field(found, "customer")
        return customer if isinstance(customer, str) or customer is None else customer.id

    def _retrieve(self, id_: str) -> Intent:
        return self._line.ask(lambda: self._line.v1.payment_intents.retrieve(id_))

    def _change(self, intent: Intent, what_for: str, ask: Any, parameters: Mapping[str, Any]) -> Intent:
        return ask(intent.id, params=dict(parameters), options=Key(f"hansom-{what_for}-{intent.id}").options)

    def _find(self, kind: NewsKind, notes: Sequence[Note]) -> dict[str, Intent]:
        """The intents of what was asked for, by key. Raises ProviderUnavailable unless Stripe tells of all."""
        known = {note.object_id: note.key for note in notes if note.object_id is not None}
        answers = self._line.look_all(list(known), self._retrieve)
        found = {known[id_]: intent for id_, intent in answers}
        unheard = [note for note in notes if note.object_id is None]
        if unheard:
            listed = self._listed(kind, unheard)
            self._notes.heard(kind, {key: intent.id for key, intent in listed.items()})
            found |= listed
        return found

    def _listed(self, kind: NewsKind, notes: Sequence[Note]) -> dict[str, Intent]:
        since = min(note.first_asked_at for note in notes) - ON_THE_WAY
        until = max(note.last_asked_at for note in notes) + ON_THE_WAY
        wanted = {(kind, note.key) for note in notes}
        created = {"created": {"gte": int(since.timestamp()), "lte": int(until.timestamp())}}
        found = {}
        for intent in self._line.pages(self._line.v1.payment_intents.list, created):
            ours = words.our_key(intent)
            if ours in wanted:
                found[ours[1]] = intent
                wanted.discard(ours)
                if not wanted:
                    break
        return found


def _wish(one: ToHold | ToCharge) -> Wish:
    return Wish(one.key, one.amount_minor, one.currency, one.method)


def _by_key(things: Sequence[Any], do: Callable[[Any], Any]) -> Callable[[str], Any]:
    known = {thing.key: thing for thing in things}
    return lambda key: do(known[key])
