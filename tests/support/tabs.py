"""Tabs of a real browser, each with a person before it who sees and clicks as people do.

A tab remembers what its page complained of: errors of scripts and of the console (what the content-security policy
forbids is one of those) and answers of a broken server. A test that ends with such a complaint has failed.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Response, WebSocket

PASSWORD = "correct horse battery"
PHONE = {"width": 390, "height": 800}
SMALL_PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 800}

OVER = ("completed", "cancelled", "expired")

Json = dict[str, Any]
Point = dict[str, float]

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")

EXPECTED = ("Failed to load resource", "WebSocket connection to")
"""Chromium writes these for refusals, which the page shows itself, and for a line that breaks."""


def chromium() -> str:
    """The program of the browser: the one that draws no window of its own takes half the time. Raises LookupError."""
    for name in (os.environ.get("CHROMIUM", ""), *BROWSERS):
        if name and (found := shutil.which(name)):
            return found
    raise LookupError(f"no chromium here: apt-get install {BROWSERS[0]}, or name yours: CHROMIUM=/path/to/it")


@dataclass
class Tab:
    """One page and who sits before it."""

    page: Page
    url: str
    role: str
    email: str = field(default_factory=lambda: f"{uuid4().hex}@example.org")
    complaints: list[str] = field(default_factory=list)
    heard: list[tuple[str, Json]] = field(default_factory=list)
    """Events that came over the page's lines, with their data."""
    told: list[Json] = field(default_factory=list)
    """Positions that the page told."""
    id: str = ""
    token: str = ""

    def __post_init__(self) -> None:
        self.page.on("websocket", self._on_line)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("console", self._on_console)
        self.page.on("response", self._on_response)

    @property
    def context(self) -> BrowserContext:
        return self.page.context

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(EXPECTED):
            self.complaints.append(f"console: {message.text}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 500:
            self.complaints.append(f"answer: {response.status} {response.request.method} {response.url}")

    def _on_line(self, line: WebSocket) -> None:
        line.on("framereceived", self._on_received)
        line.on("framesent", self._on_sent)

    def _on_received(self, payload: str | bytes) -> None:
        frame = json.loads(payload)
        if frame.get("type") == "event":
            self.heard.append((frame["event"], frame["data"]))

    def _on_sent(self, payload: str | bytes) -> None:
        frame = json.loads(payload)
        if frame["method"] == "report_position":
            self.told.append(frame["data"])
        elif frame["method"] == "report_positions":
            self.told.extend(frame["data"]["positions"])

    def forgive(self, beginning: str) -> None:
        """Complaints that begin so were what the test did."""
        self.complaints[:] = [each for each in self.complaints if not each.startswith(beginning)]

    # -- the contract, for what is not looked at on the page ---------------------------------------------------------
    def call(self, method: str, path: str, body: Json | None = None) -> Json:
        """One request beside the page. Raises AssertionError when it is refused."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if method == "POST":
            headers["Idempotency-Key"] = uuid4().hex
        answer = self.context.request.fetch(f"{self.url}{path}", method=method, headers=headers, data=body)
        assert answer.ok, f"{method} {path}: {answer.status} {answer.text()}"
        return answer.json() if answer.body() else {}

    def sign_in(self, path: str, body: Json) -> Json:
        """A session of this browser, in its cookie. Gives the user."""
        headers = {"Idempotency-Key": uuid4().hex, "X-Session-Cookie": self.role}
        answer = self.context.request.post(f"{self.url}{path}", headers=headers, data=body)
        assert answer.ok, f"{path}: {answer.status} {answer.text()}"
        session = answer.json()
        self.token, self.id = session["access_token"], session["user"]["id"]
        return session["user"]

    # -- the page ----------------------------------------------------------------------------------------------------
    def open(self, fragment: str = "") -> None:
        self.page.goto(f"{self.url}/{self.role}{fragment}")

    def button(self, name: str, *, exact: bool = False) -> Locator:
        return self.page.get_by_role("button", name=name, exact=exact)

    def press(self, name: str, *, exact: bool = False) -> None:
        self.button(name, exact=exact).click()

    def text(self, words: str) -> Locator:
        return self.page.get_by_text(words)

    @property
    def sheet(self) -> Locator:
        return self.page.locator(".sheet")

    def heading(self, words: str) -> Locator:
        """A title in the sheet, by its words or the first of them."""
        return self.sheet.get_by_role("heading", name=words)

    @property
    def map(self) -> Locator:
        """The map, once something can be drawn on it."""
        return self.page.locator(".map").filter(has=self.page.locator("canvas.cars"))

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def open_menu(self, entry: str = "") -> None:
        self.press("Menu", exact=True)
        if entry:
            self.dialog.get_by_role("button", name=entry).click()

    def choose_place(self, label: str, typed: str) -> None:
        """Search and take the first that is found, by the keyboard."""
        place = self.page.get_by_role("combobox", name=label)
        place.fill(typed)
        self.page.get_by_role("option", name=typed).first.wait_for()
        place.press("Enter")

    def until(self, condition: Callable[[], Any], why: str, *, within_s: float = 30) -> Any:
        """Wait, while the page goes on, until a condition holds. Gives what it gave."""
        deadline = time.monotonic() + within_s
        while not (found := condition()):
            assert time.monotonic() < deadline, f"{self.role}: not within {within_s:g} s: {why}; heard {self.heard}"
            self.page.wait_for_timeout(50)
        return found

    def hears(self, event: str) -> Json:
        """Wait for an event on the page's line. Gives its data."""
        return self.until(lambda: next((data for name, data in self.heard if name == event), None), event)


class Riders(Tab):
    """A rider's tab."""

    def ask(self, category: str = "Standard", start: str = "Kaisaniemenkatu", end: str = "Kluuvikatu") -> None:
        """Ask for a ride as far as the search for a driver."""
        self.see_fares(start, end)
        self.press(f"Ask for {category}")
        self.sheet.get_by_role("heading", name="Looking for a driver").wait_for()

    def see_fares(self, start: str = "Kaisaniemenkatu", end: str = "Kluuvikatu") -> None:
        if self.page.get_by_role("combobox", name="From").input_value() != start:
            self.choose_place("From", start)
        self.choose_place("To", end)
        self.button("Ask for").wait_for()

    def ride(self) -> Json | None:
        """The newest ride as the server tells it."""
        newest = self.call("GET", "/v1/me/trips?limit=1")["items"]
        return self.call("GET", f"/v1/trips/{newest[0]['id']}") if newest else None


class Drivers(Tab):
    """A driver's tab; where the browser says that it is, the car is."""

    def be_at(self, point: Point) -> None:
        self.context.set_geolocation({"latitude": point["lat"], "longitude": point["lng"], "accuracy": 5})

    @property
    def offer(self) -> Locator:
        return self.page.get_by_role("alertdialog", name="A ride for you")

    def accept(self) -> None:
        """Take the ride that is offered, at once: an offer lasts seconds."""
        self.offer.get_by_role("button", name="Accept").click(force=True)

    def go_online(self) -> None:
        self.press("Go online")
        self.sheet.get_by_role("heading", name="You are online").wait_for()

    def drive(self, start: Point, end: Point, legs: int = 3) -> None:
        """Go along a straight line, and tell where the car is at the end of each leg of it."""
        for leg in range(1, legs + 1):
            self.tell({name: start[name] + (end[name] - start[name]) * leg / legs for name in ("lat", "lng")})

    def tell(self, point: Point) -> None:
        """Be at a point and wait until the page has told it."""
        self.be_at(point)
        self.until(lambda: self.told and self._is_near(self.told[-1], point), f"{point} is told")

    @staticmethod
    def _is_near(told: Json, point: Point) -> bool:
        return abs(told["lat"] - point["lat"]) + abs(told["lng"] - point["lng"]) < 1e-6


def new_context(
    browser: Browser, *, desk: bool = False, dark: bool = False, locale: str = "en-GB", **more: Any
) -> BrowserContext:
    """A browser as a person has it, in Helsinki, with nothing remembered."""
    return browser.new_context(
        viewport=DESK if desk else PHONE,
        locale=locale,
        timezone_id="Europe/Helsinki",
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        **more,
    )
