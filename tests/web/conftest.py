"""Fixtures of the tests in a browser: the stack, the browser, and people before its tabs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from playwright.sync_api import Browser, Error, Playwright, expect, sync_playwright

from hansom.stack import testing
from hansom.stack.testing import RunningStack
from tests.support.lines import Line
from tests.support.tabs import OVER, PASSWORD, Drivers, Json, Point, Riders, Tab, chromium, new_context

WITHIN_MS = 45_000
"""What a page is waited for at most: the machine may be busy."""

expect.set_options(timeout=WITHIN_MS)


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if call.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def stack() -> Iterator[RunningStack]:
    """The whole stack with all services, ready, at `.url`; kill, stop and start its processes by name."""
    home = testing.testing_home()
    started_here = testing.start_servers(home)
    stack = testing.start_everything(home)
    stack.wait_ready()
    yield stack
    testing.stop_everything(home, started_here=started_here)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A browser that draws no maps, for the stories that are not about them: without a graphics card each is drawn by
    the processor, which then has little time for the rest. The pages say so and go on without."""
    browser = playwright.chromium.launch(executable_path=chromium(), args=["--disable-3d-apis"])
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def browser_with_maps(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=chromium())
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def operator(stack: RunningStack) -> str:
    """The e-mail of an operator. Such accounts are made from inside only."""
    email = f"{uuid4().hex}@example.org"
    testing.hansom(stack.home, "ops-user", email, "--password", PASSWORD)
    return email


@pytest.fixture(scope="session")
def quiet_city(stack: RunningStack, operator: str) -> None:
    """Nobody of an earlier run still looks for a car: offers of his would come to the drivers of these stories."""
    person = {"email": operator, "password": PASSWORD}
    session = requests.post(f"{stack.url}/v1/sessions", json=person, timeout=WITHIN_MS / 1000).json()
    headers = {"Authorization": f"Bearer {session['access_token']}"}
    for state in ("requested", "assigned", "arrived", "in_progress"):
        asked = f"{stack.url}/v1/ops/trips?state={state}&limit=100"
        for trip in requests.get(asked, headers=headers, timeout=WITHIN_MS / 1000).json()["items"]:
            requests.post(
                f"{stack.url}/v1/trips/{trip['id']}/cancel",
                headers={**headers, "Idempotency-Key": uuid4().hex},
                json={"reason": "left over"},
                timeout=WITHIN_MS / 1000,
            )


class People:
    """Brings people with tabs, and sends them home."""

    def __init__(self, browser: Callable[[bool], Browser], url: str, operator_email: str) -> None:
        self.browser, self.url, self.operator_email = browser, url, operator_email
        self.tabs: list[Tab] = []
        self.lines: list[Line] = []

    def line(self) -> Line:
        """A line to the gateway that can be cut; `rider(line=...)` is on it."""
        line = Line(self.url)
        self.lines.append(line)
        return line

    def _tab(
        self, kind: type[Any], role: str, *, line: Line | None = None, with_map: bool = False, **looks: Any
    ) -> Any:
        context = new_context(self.browser(with_map), **looks)
        context.set_default_timeout(WITHIN_MS)
        tab = kind(context.new_page(), line.url if line else self.url, role)
        self.tabs.append(tab)
        return tab

    def stranger(self, role: str, **looks: Any) -> Any:
        """Somebody whom nobody knows yet, before the page of a role."""
        tab = self._tab({"rider": Riders, "driver": Drivers}.get(role, Tab), role, **looks)
        tab.open()
        return tab

    def rider(self, name: str = "Aino Virtanen", **looks: Any) -> Riders:
        tab = self._tab(Riders, "rider", **looks)
        tab.sign_in("/v1/riders", {"email": tab.email, "password": PASSWORD, "name": name, "phone": "+358401234567"})
        tab.open()
        tab.sheet.wait_for()
        return tab

    def driver(
        self, at: Point, name: str = "Matti Meikäläinen", category: str = "standard", online: bool = True, **looks: Any
    ) -> Drivers:
        tab = self._tab(Drivers, "driver", permissions=["geolocation"], **looks)
        tab.be_at(at)
        plate = uuid4().hex[:7].upper()
        vehicle = {"make": "Toyota", "model": "Corolla", "colour": "white", "plate": plate, "category": category}
        person = {"email": tab.email, "password": PASSWORD, "name": name, "phone": "+358401234568"}
        tab.sign_in("/v1/drivers", {**person, "vehicle": vehicle})
        tab.open()
        tab.sheet.wait_for()
        if online:
            tab.go_online()
            tab.tell(at)
        return tab

    def operator(self, fragment: str = "", **looks: Any) -> Tab:
        tab = self._tab(Tab, "ops", **{"desk": True, **looks})
        tab.sign_in("/v1/sessions", {"email": self.operator_email, "password": PASSWORD})
        tab.open(fragment)
        tab.page.locator("#work").wait_for()
        return tab

    def another_tab(self, of: Tab) -> Any:
        """One more tab of somebody, in the same browser."""
        tab = type(of)(of.context.new_page(), of.url, of.role, email=of.email, id=of.id, token=of.token)
        self.tabs.append(tab)
        tab.open()
        return tab

    def ride(
        self,
        places: dict[str, Point],
        until: str = "assigned",
        *,
        riders: Json | None = None,
        drivers: Json | None = None,
    ) -> tuple[Riders, Drivers]:
        """A rider and a driver whose ride is `assigned`, `arrived` or `in_progress`, for stories that begin there."""
        driver = self.driver(at=places["Kaisaniemenkatu"], **(drivers or {}))
        rider = self.rider(**(riders or {}))
        rider.ask()
        offer = driver.hears("offer_made")
        driver.call("POST", f"/v1/offers/{offer['offer_id']}/accept")
        if until != "assigned":
            driver.call("POST", f"/v1/trips/{offer['trip_id']}/arrive")
        if until == "in_progress":
            driver.call("POST", f"/v1/trips/{offer['trip_id']}/start", {"pin": rider.ride()["pin"]})
        head = {"assigned": "To the pickup", "arrived": "At the pickup", "in_progress": "To the destination"}[until]
        driver.heading(head).wait_for()
        rider.heading(
            {"assigned": "Your driver", "arrived": "Your driver is here", "in_progress": "There"}[until]
        ).wait_for()
        return rider, driver

    def leave_pictures(self, folder: Path) -> None:
        """What each tab shows, for who looks into a failure."""
        folder.mkdir(parents=True, exist_ok=True)
        for number, tab in enumerate(self.tabs):
            with suppress(Error):
                tab.page.screenshot(path=folder / f"{number}-{tab.role}.png")
                (folder / f"{number}-{tab.role}.txt").write_text(f"{tab.page.url}\n{tab.complaints}\n{tab.heard}\n")

    def complaints(self) -> dict[str, list[str]]:
        return {f"{tab.role} {number}": tab.complaints for number, tab in enumerate(self.tabs) if tab.complaints}

    def go_home(self) -> None:
        """No ride is left open and no driver online: the next story's offers are its own."""
        for tab in self.tabs:
            if isinstance(tab, Riders) and tab.token and (ride := tab.ride()) and ride["state"] not in OVER:
                tab.call("POST", f"/v1/trips/{ride['id']}/cancel", {})
        for tab in self.tabs:
            if isinstance(tab, Drivers) and tab.token:
                tab.call("PUT", "/v1/driver/availability", {"online": False})
        for tab in self.tabs:
            with suppress(Error):  # two tabs of one browser are closed with the first
                tab.context.close()
        for line in self.lines:
            line.close()


@pytest.fixture
def people(stack: RunningStack, browser: Browser, operator: str, request: pytest.FixtureRequest) -> Iterator[People]:
    """Makes people before tabs. No page may have complained when the test is over; no later offer goes to them."""

    def browser(with_map: bool) -> Browser:
        return request.getfixturevalue("browser_with_maps" if with_map else "browser")

    people = People(browser, stack.url, operator)
    yield people
    complaints = people.complaints()
    if request.node.stash.get(FAILED, False):
        people.leave_pictures(stack.home.root / "log" / "web" / request.node.name)
    people.go_home()
    assert not complaints


def places_known_to(people: People) -> dict[str, Point]:
    """Where the places are that are searched for by name: what the page's search finds first."""
    tab = people.rider()
    near = tab.call("GET", "/v1/cities")["items"][0]["centre"]
    asked = f"limit=8&lat={near['lat']}&lng={near['lng']}"
    names = ("Kaisaniemenkatu", "Kluuvikatu")
    return {name: tab.call("GET", f"/v1/places?q={name}&{asked}")["items"][0]["point"] for name in names}


@pytest.fixture(scope="session")
def places(stack: RunningStack, browser: Browser) -> dict[str, Point]:
    """Where the places are that tests search for."""
    people = People(lambda with_map: browser, stack.url, "")
    places = places_known_to(people)
    people.go_home()
    return places
