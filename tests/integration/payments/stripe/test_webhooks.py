"""Stripe's messages: signed by it, recently, and about something of ours."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import orjson
import pytest
from sqlalchemy import Engine
from stripe import WebhookSignature

from hansom.contracts.payments import WebhookRefused, WebhookUnreadable
from hansom.store import transactions
from services.payments.provider.stripe.asking import Line
from services.payments.provider.stripe.notes import Notes, Wish
from services.payments.provider.stripe.provider import SIGNATURE, StripeProvider
from services.payments.provider.stripe.tables import asked
from services.payments.usecases.ports import ProviderNews
from tests.support.stripe_asks import SECRET
from tests.support.stripe_server import API_KEY

NOWHERE = "http://127.0.0.1:9"


def a_provider(engine: Engine, secret: str = SECRET) -> StripeProvider:
    return StripeProvider(Line(API_KEY, NOWHERE, 5.0, 4), transactions(engine), secret, lambda: datetime.now(UTC))


@pytest.fixture
def provider(engine: Engine, service_engine: Engine) -> StripeProvider:
    """One that only reads: Stripe is asked nothing."""
    with engine.begin() as connection:
        connection.execute(asked.delete())
    return a_provider(service_engine)


def a_message(kind: str = "charge", key: str = "k1", **about: object) -> bytes:
    thing = {"id": "pi_1", "object": "payment_intent", "metadata": {"hansom_kind": kind, "hansom_key": key}, **about}
    event = {"id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "data": {"object": thing}}
    return orjson.dumps(event)


def headers(body: bytes, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    signed_at = int(time.time() if at is None else at)
    return {SIGNATURE: WebhookSignature.generate_signature_header(body.decode(), secret, signed_at)}


@pytest.mark.parametrize("kind", ["charge", "hold", "refund", "payout"])
def test_a_message_names_what_to_look_up(provider: StripeProvider, kind: str) -> None:
    body = a_message(kind)
    assert provider.read_webhook(headers(body), body) == [ProviderNews("evt_1", kind, "k1")]  # type: ignore[arg-type]


def test_news_of_a_hold_is_news_of_the_charge_that_is_taken_from_it(
    provider: StripeProvider, service_engine: Engine
) -> None:
    notes = Notes(transactions(service_engine))
    notes.take("charge", [Wish("the charge", 1000, "EUR", "pm_1")], datetime.now(UTC))
    assert notes.claim_hold("the charge", "the hold")
    body = a_message("hold", "the hold")

    assert provider.read_webhook(headers(body), body) == [ProviderNews("evt_1", "charge", "the charge")]


@pytest.mark.parametrize("about", [{"metadata": {}}, {"metadata": None}, {"metadata": {"hansom_kind": "charge"}}])
def test_what_is_not_ours_is_no_news(provider: StripeProvider, about: dict[str, object]) -> None:
    body = a_message(**about)
    assert provider.read_webhook(headers(body), body) == []


def test_a_message_that_stripe_did_not_sign_is_refused(provider: StripeProvider, service_engine: Engine) -> None:
    body = a_message()
    forged = [
        {},
        {SIGNATURE: ""},
        {SIGNATURE: "t=1,v1=abc"},
        headers(body, secret="whsec_another"),
        headers(body + b" "),
        headers(body, at=time.time() - 301),
    ]
    for each in forged:
        with pytest.raises(WebhookRefused):
            provider.read_webhook(each, body)
    with pytest.raises(WebhookRefused):
        a_provider(service_engine, secret="").read_webhook(headers(body), body)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"id": "evt_1"}', b'{"id": "evt_1", "data": {"object": 1}}'])
def test_a_signed_message_that_is_none_is_said_to_be_unreadable(provider: StripeProvider, body: bytes) -> None:
    with pytest.raises(WebhookUnreadable):
        provider.read_webhook(headers(body), body)


def test_a_message_in_no_letters_at_all_is_refused(provider: StripeProvider) -> None:
    with pytest.raises((WebhookRefused, WebhookUnreadable)):
        provider.read_webhook({SIGNATURE: "t=1,v1=abc"}, b"\xff\xfe")
