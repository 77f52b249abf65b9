"""Push, e-mail and SMS to people whose app is closed. Off the path of events, bounded, and never in their way."""

from __future__ import annotations

import logging
import smtplib
from collections import deque
from collections.abc import Sequence
from email.message import EmailMessage
from types import SimpleNamespace
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import eventlet
import orjson
from eventlet.event import Event as Signal
from eventlet.green.urllib import request as http_request
from prometheus_client import Counter

from hansom.contracts.errors import HansomError
from hansom.ids import new_id
from hansom.rpc import ServiceClient
from services.notifications.domain.news import News
from services.notifications.domain.texts import Letter, Way, letter_of

log = logging.getLogger(__name__)

WAITING_MAX = 10_000
TOGETHER = 100
SEND_TIMEOUT_S = 10
LETTERS_SENT = Counter("letters_total", "Push messages, e-mails and SMS", ["way", "outcome"])


class Adapter(Protocol):
    """One way to reach a person. `profile` is the users service's. Raises OSError, smtplib.SMTPException."""

    def send(self, profile: dict[str, Any], letter: Letter) -> None: ...


class LogAdapter:
    """Says in the log that a letter would have gone, without who gets it or what it says."""

    def __init__(self, way: Way) -> None:
        self._way = way

    def send(self, profile: dict[str, Any], letter: Letter) -> None:
        log.info("a letter", extra={"way": self._way.value, "user_id": profile["id"], "title": letter.title})


class SmtpAdapter:
    """E-mail by `smtp://` or `smtps://user:password@host:port/sender@example.org`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._tls = parts.hostname or "localhost", parts.scheme == "smtps"
        self._port = parts.port or (465 if self._tls else 25)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._sender = parts.path.strip("/") or "hansom@localhost"

    def send(self, profile: dict[str, Any], letter: Letter) -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, profile["email"], letter.title
        message.set_content(letter.text)
        kind = smtplib.SMTP_SSL if self._tls else smtplib.SMTP
        with kind(self._host, self._port, timeout=SEND_TIMEOUT_S) as server:
            if self._user:
                server.login(self._user, self._password)
            server.send_message(message)


class WebhookAdapter:
    """Push or SMS by a POST of `{to, user_id, title, text}` to a provider's URL, or to one's own that knows it."""

    def __init__(self, url: str, contact: str) -> None:
        self._url, self._contact = url, contact

    def send(self, profile: dict[str, Any], letter: Letter) -> None:
        body = {
            "to": profile.get(self._contact),
            "user_id": profile["id"],
            "title": letter.title,
            "text": letter.text,
        }
        headers = {"Content-Type": "application/json"}
        asked = http_request.Request(self._url, orjson.dumps(body), headers, method="POST")
        with http_request.urlopen(asked, timeout=SEND_TIMEOUT_S) as answer:
            answer.read(1024)


def adapters_of(config: dict[str, Any]) -> dict[Way, Adapter]:
    """The way each kind of letter goes: by the settings, otherwise into the log."""
    push, mail, sms = (str(config.get(name) or "") for name in ("PUSH_URL", "SMTP_URL", "SMS_URL"))
    return {
        Way.PUSH: WebhookAdapter(push, "id") if push else LogAdapter(Way.PUSH),
        Way.EMAIL: SmtpAdapter(mail) if mail else LogAdapter(Way.EMAIL),
        Way.SMS: WebhookAdapter(sms, "phone") if sms else LogAdapter(Way.SMS),
    }


class Outreach(ServiceClient):
    """Gives a worker `tell(news, away)`. One greenlet sends; what does not fit its queue is the oldest, and lost."""

    def __init__(self) -> None:
        super().__init__("users")
        self._waiting: deque[tuple[News, bool]] = deque(maxlen=WAITING_MAX)
        self._some = Signal()

    def setup(self) -> None:
        super().setup()
        self.adapters = adapters_of(self.container.config)

    def start(self) -> None:
        self.container.spawn_managed_thread(self._run, identifier="notifications.outreach")

    def get_dependency(self, worker_ctx: Any) -> Outreach:
        return self

    def client(self) -> Any:
        """The users service, asked outside of any worker."""
        return super().get_dependency(SimpleNamespace(data={"request_id": new_id()}))

    def tell(self, told: Sequence[News], away: Sequence[str]) -> None:
        """Write to the users who are `away`, and to all about what is always written."""
        absent = set(away)
        for news in told:
            self._waiting.append((news, news.user_id in absent))
        if told and not self._some.ready():
            self._some.send(None)

    def _run(self) -> None:
        while True:
            if not self._waiting:
                self._some = Signal()
                self._some.wait()
            some = [self._waiting.popleft() for _ in range(min(TOGETHER, len(self._waiting)))]
            letters = []
            for news, absent in some:
                letter = letter_of(news.event, news.data)
                if letter is not None and (absent or letter.always):
                    letters.append((news.user_id, letter))
            if letters:
                self._send_all(letters)

    def _send_all(self, letters: list[tuple[str, Letter]]) -> None:
        user_ids = sorted({user_id for user_id, _ in letters})
        try:
            profiles = self.client().get_profiles({"user_ids": user_ids})["items"]
        except HansomError as exc:
            log.warning("letters could not be sent: %s", exc.code, extra={"letters": len(letters)})
            LETTERS_SENT.labels("-", "no_profile").inc(len(letters))
            return
        for user_id, letter in letters:
            profile = profiles.get(user_id)
            for way in letter.ways if profile else ():
                self._send(way, profile, letter)

    def _send(self, way: Way, profile: dict[str, Any], letter: Letter) -> None:
        try:
            with eventlet.Timeout(SEND_TIMEOUT_S, TimeoutError("too slow")):
                self.adapters[way].send(profile, letter)
            LETTERS_SENT.labels(way.value, "sent").inc()
        except (OSError, smtplib.SMTPException) as exc:
            LETTERS_SENT.labels(way.value, "failed").inc()
            log.warning("a letter could not be sent", extra={"way": way.value, "error": type(exc).__name__})
