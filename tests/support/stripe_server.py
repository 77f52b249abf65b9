"""localstripe, a Stripe-compatible server, as a process of its own on loopback, and a front that stands before it.

The front adds what localstripe lacks, as Stripe's reference describes it: idempotency keys, `created` filters of lists,
`amount_received` of a captured PaymentIntent, and Connect's transfers, which localstripe does not have at all. And it
makes trouble when a test wants some: answers that are lost after the work was done, that come late, or never.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import urllib3

from hansom.stack.ports import free_port
from hansom.stack.wheels import stripe_python
from tests.support.listening import serving
from tests.support.waiting import eventually

RUN = """
import sys
from aiohttp import web
from localstripe import resources, server
resources.Store.dump_to_disk = lambda self: None
web.run_app(server.app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
"""
"""Its own command listens on every address and writes its state to /tmp."""

API_KEY = "sk_test_12345"
AUTHORIZED = {"authorization": f"Bearer {API_KEY}"}


@dataclass
class Stripe:
    """`lose`: so many answers to POSTs are lost from now on, after the work was done. `late_s`: how long every answer
    takes. `is_down`: everything is refused with 503, and counted. `posts`: path and idempotency key of each POST.
    """

    url: str = ""
    behind: str = ""
    lose: int = 0
    late_s: float = 0.0
    is_down: bool = False
    refused: int = 0
    working: int = 0
    posts: list[tuple[str, str]] = field(default_factory=list)
    answered: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    transfers: dict[str, dict[str, Any]] = field(default_factory=dict)
    http: Any = field(default_factory=lambda: urllib3.PoolManager(maxsize=16, retries=False, timeout=10))

    def ask(self, method: str, path: str, **fields: Any) -> Any:
        """Ask localstripe itself, as somebody else would; gives its JSON. A card that is declined is no mistake."""
        encoded = {} if method == "GET" else {"encode_multipart": False}
        answer = self.http.request(method, self.behind + path, fields=fields, headers=AUTHORIZED, **encoded)
        assert answer.status in (200, 402), answer.data
        return json.loads(answer.data)

    def card(self, number: str = "4242424242424242") -> str:
        """A saved method of a card with this number, one of those that Stripe gives for tests."""
        card = {"card[number]": number, "card[exp_month]": "12", "card[exp_year]": "2040", "card[cvc]": "123"}
        return str(self.ask("POST", "/v1/payment_methods", type="card", **card)["id"])

    def customer_s_card(self) -> tuple[str, str]:
        """A new customer and his saved method."""
        customer, method = self.ask("POST", "/v1/customers", description="a rider")["id"], self.card()
        self.ask("POST", f"/v1/payment_methods/{method}/attach", customer=customer)
        return str(customer), method

    def intents(self) -> list[dict[str, Any]]:
        return list(self.ask("GET", "/v1/payment_intents", limit="1000")["data"])

    def taken(self) -> list[int]:
        """What was captured, amount by amount."""
        return [_received(intent) for intent in self.intents() if intent["status"] == "succeeded"]

    def authenticate(self, intent: str, *, success: bool) -> None:
        """The rider answers his bank, as the card's SDK lets him."""
        secret = next(each["client_secret"] for each in self.intents() if each["id"] == intent)
        path = f"/v1/payment_intents/{intent}/_authenticate"
        self.ask("POST", path, client_secret=secret, success=str(success).lower())

    def send_webhooks_to(self, url: str, secret: str) -> None:
        """From now on, of every event, signed."""
        path, fields = "/_config/webhooks/tests", {"url": url, "secret": secret}
        answer = self.http.request_encode_body("POST", self.behind + path, fields=fields, encode_multipart=False)
        assert answer.status == 200, answer.data

    def reset(self) -> None:
        """As on the first day, once what nobody waits for any more is done: it would be found in the next test."""
        eventually(lambda: self.working == 0, within_s=20)
        self.http.request("DELETE", f"{self.behind}/_config/data", headers=AUTHORIZED)
        self.lose, self.late_s, self.is_down = 0, 0.0, False
        for kept in (self.posts, self.answered, self.transfers):
            kept.clear()


@contextmanager
def stripe_server() -> Iterator[Stripe]:
    """Both, on free ports. Ends both."""
    stripe = Stripe()
    port = free_port()
    process = subprocess.Popen([stripe_python(), "-c", RUN, str(port)])
    stripe.behind = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: _answers(stripe), within_s=20)
        with serving(_front(stripe)) as stripe.url:
            yield stripe
    finally:
        process.kill()
        process.wait()


def _answers(stripe: Stripe) -> bool:
    try:
        stripe.intents()
    except urllib3.exceptions.HTTPError:
        return False
    return True


def _front(stripe: Stripe) -> type[BaseHTTPRequestHandler]:
    class Front(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._work(b"")

        def do_POST(self) -> None:
            self._work(self.rfile.read(int(self.headers.get("content-length") or 0)))

        def _work(self, body: bytes) -> None:
            stripe.working += 1
            try:
                self._answer(body)
            finally:
                stripe.working -= 1

        def _answer(self, body: bytes) -> None:
            time.sleep(stripe.late_s)
            if stripe.is_down:
                stripe.refused += 1
                return self._send(503, b'{"error": {"type": "api_error", "message": "down"}}')
            key = self.headers.get("idempotency-key", "")
            if self.command == "POST":
                stripe.posts.append((self.path, key))
            known = stripe.answered.get(key) if key else None
            status, answer = known or _work(stripe, self, body)
            if key and status < 500:
                stripe.answered[key] = (status, answer)
            if self.command == "POST" and stripe.lose:
                stripe.lose -= 1
                self.close_connection = True
                return None
            return self._send(status, answer)

        def _send(self, status: int, answer: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: a test has no access log."""

    return Front


def _work(stripe: Stripe, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes]:
    parts = urlsplit(request.path)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if parts.path.startswith("/v1/transfers"):
        form = {name: values[-1] for name, values in parse_qs(body.decode()).items()}
        return _transfer(stripe, request.command, form, query)
    kept = {name: value for name, value in query.items() if not name.startswith("created[")}
    headers = {name: request.headers[name] for name in ("authorization", "content-type") if name in request.headers}
    url = stripe.behind + parts.path
    fields = {"fields": kept} if request.command == "GET" else {"body": body}
    answer = stripe.http.request(request.command, url, headers=headers, **fields)
    said = json.loads(answer.data)
    for each in said.get("data", [said]):
        if each.get("object") == "payment_intent":
            each["amount_received"] = _received(each) if each["status"] == "succeeded" else 0
    if "data" in said:
        said["data"] = [each for each in said["data"] if _is_within(each["created"], query)]
    return answer.status, json.dumps(said).encode()


def _received(intent: dict[str, Any]) -> int:
    """What was captured: localstripe refunds the rest of a hold."""
    charge = intent["latest_charge"]
    returned = sum(each["amount"] for each in charge["refunds"]["data"] if not each["metadata"])
    return int(intent["amount"]) - returned


def _is_within(created: int, query: dict[str, str]) -> bool:
    return int(query.get("created[gte]", 0)) <= created <= int(query.get("created[lte]", 2**40))


def _transfer(stripe: Stripe, command: str, form: dict[str, str], query: dict[str, str]) -> tuple[int, bytes]:
    """Connect's transfers, after docs.stripe.com/api/transfers. An account that is gone refuses them."""
    if command == "POST":
        if form["destination"] == "acct_gone":
            error = {"type": "invalid_request_error", "code": "account_invalid", "message": "No such destination"}
            return 400, json.dumps({"error": error}).encode()
        made = {"id": f"tr_{uuid4().hex[:24]}", "object": "transfer", "created": int(time.time()), "reversed": False}
        made |= {"amount": int(form["amount"]), "currency": form["currency"], "destination": form["destination"]}
        made["transfer_group"] = form["transfer_group"]
        made["metadata"] = {name[9:-1]: value for name, value in form.items() if name.startswith("metadata[")}
        stripe.transfers[str(made["id"])] = made
        return 200, json.dumps(made).encode()
    group = query.get("transfer_group")
    found = [each for each in stripe.transfers.values() if group is None or each["transfer_group"] == group]
    listed = [each for each in found if _is_within(each["created"], query)]
    return 200, json.dumps({"object": "list", "url": "/v1/transfers", "has_more": False, "data": listed}).encode()
