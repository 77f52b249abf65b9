"""Questions to Stripe: each bounded in time, several at once, and what kind of answer an error is."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any, TypeVar

import eventlet
import requests
import stripe
from requests.adapters import HTTPAdapter
from stripe import StripeClient

from hansom.contracts.payments import ProviderUnavailable
from services.payments.provider.stripe.circuit import Circuit

log = logging.getLogger(__name__)

Given = TypeVar("Given")
Answer = TypeVar("Answer")
Parameters = dict[str, Any]
List = Callable[..., Any]

PAGE = 100
"""The longest that Stripe gives."""

MOST_PAGES = 100
"""Of a look-up, which somebody waits for."""


PAUSE_S = 2.0
"""How long Stripe is left alone when it does not answer."""


class Late(Exception):
    """An answer took longer than PROVIDER_TIMEOUT_S, or would: Stripe has not answered lately."""


UNKNOWN = (stripe.APIConnectionError, stripe.APIError, stripe.RateLimitError, stripe.IdempotencyError, Late)
"""Whether Stripe did what it was asked is not known: it is looked up."""

REFUSED = (stripe.CardError, stripe.InvalidRequestError)
"""Stripe says no, and has not done it."""


@dataclass(frozen=True, slots=True)
class Key:
    """What is asked for by this is done once, however often it is asked: Stripe's idempotency key, for a day."""

    value: str

    @property
    def options(self) -> Any:
        return {"idempotency_key": self.value}


class Line:
    """A line to Stripe. `v1`: the library's services. It repeats nothing by itself: who asks looks first."""

    def __init__(
        self, api_key: str, api_base: str, timeout_s: float, at_once: int, *, pause_s: float = PAUSE_S
    ) -> None:
        session = requests.Session()
        # without it each greenlet would make a connection of its own
        session.mount(api_base, HTTPAdapter(pool_connections=1, pool_maxsize=at_once))
        self._client = StripeClient(
            api_key,
            base_addresses={"api": api_base},
            http_client=stripe.RequestsClient(timeout=timeout_s, session=session),
            max_network_retries=0,
        )
        self._timeout_s, self._at_once, self._circuit = timeout_s, at_once, Circuit(pause_s)
        self.v1 = self._client.v1

    def ask(self, question: Callable[[], Answer]) -> Answer:
        """One answer. Raises what is in UNKNOWN and REFUSED; ProviderUnavailable when our key is not taken."""
        if not self._circuit.may_ask():
            raise Late()
        try:
            with eventlet.Timeout(self._timeout_s, Late()):
                answer = question()
        except (*REFUSED, stripe.IdempotencyError):
            self._circuit.answered()
            raise
        except UNKNOWN:
            self._circuit.lost()
            raise
        except (stripe.AuthenticationError, stripe.PermissionError) as exc:
            log.error("Stripe does not take STRIPE_API_KEY, or not for this", extra={"error": str(exc)[:300]})
            raise ProviderUnavailable() from exc
        self._circuit.answered()
        return answer

    def ask_all(self, given: Sequence[Given], question: Callable[[Given], Answer]) -> list[tuple[Given, Answer]]:
        """Answers, several asked for at once; those that were lost are left out.

        Raises ProviderUnavailable when all were.
        """
        lost: list[BaseException] = []

        def one(each: Given) -> tuple[Given, Answer] | None:
            try:
                return each, question(each)
            except UNKNOWN as exc:
                lost.append(exc)
                return None

        answers = [each for each in eventlet.GreenPool(self._at_once).imap(one, given) if each is not None]
        if lost:
            log.warning("Stripe's answers were lost", extra={"count": len(lost), "error": str(lost[0])[:300]})
        if lost and not answers:
            raise ProviderUnavailable() from lost[0]
        return answers

    def look_all(self, given: Sequence[Given], question: Callable[[Given], Answer]) -> list[tuple[Given, Answer]]:
        """Answers to all. Raises ProviderUnavailable when one is lost: what was not seen is not what is not there."""
        answers = self.ask_all(given, question)
        if len(answers) < len(given):
            raise ProviderUnavailable()
        return answers

    def pages(self, list_: List, parameters: Parameters, most: int | None = MOST_PAGES) -> Iterator[Any]:
        """All objects of a list, newest first. Raises ProviderUnavailable when a page is lost, or it is too long."""
        after: Parameters = {}
        for _ in range(most) if most is not None else count():
            try:
                page = self.ask(partial(list_, params={**parameters, **after, "limit": PAGE}))
            except UNKNOWN as exc:
                raise ProviderUnavailable() from exc
            yield from page.data
            if not page.has_more:
                return
            after = {"starting_after": page.data[-1].id}
        log.error("a list of Stripe's is too long to look through", extra={"parameters": str(parameters)})
        raise ProviderUnavailable()
