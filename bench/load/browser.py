"""A browser of its own process, told what to do by one line of JSON: how much each page loads, and how fluently the
console draws. Playwright and gevent never share a process, so the cars are driven from another.

Prints `ready` when it has what needs no cars, waits for a line, and prints what it found.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from playwright.sync_api import Browser, Page, Request, ViewportSize, WebSocket, sync_playwright

DESK: ViewportSize = {"width": 1280, "height": 800}
ANSWER_MS = 90_000
CARS_MS = 240_000
"""Within it all cars are on the map: a service that has never heard of 2,000 drivers asks who they are."""
STEADY_MS = 4000
"""For tiles, fonts and the first pictures to settle before frames are counted."""

COUNT_FRAMES = """
(ms) => new Promise((done) => {
  const at = [];
  const end = performance.now() + ms;
  const step = (now) => {
    at.push(now);
    if (performance.now() < end) requestAnimationFrame(step);
    else done(at);
  };
  requestAnimationFrame(step);
})
"""
"""Gives the time of each frame, ms."""

START_COUNTING = f"(ms) => {{ globalThis.counted = ({COUNT_FRAMES})(ms); }}"

CARS_SHOWN = """
() => [...document.querySelectorAll('.legend .swatch.car')]
  .map((each) => Number(each.closest('label').querySelector('.number').textContent.replace(/\\D/g, '') || 0))
  .reduce((one, other) => one + other, 0)
"""

MAP_FILES = ("maplibre-gl", "map-worker")
"""The map library, which comes after the page is there."""


def chromium() -> str:
    """The program of the browser. Raises LookupError."""
    for name in (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"):
        if name and (found := shutil.which(name)):
            return found
    raise LookupError("no chromium on this machine: apt-get install chromium, or name yours: CHROMIUM=/path/to/it")


def sandboxed() -> list[str]:
    """Chromium refuses its sandbox to root, who runs tests in containers."""
    return ["--no-sandbox"] if os.geteuid() == 0 else []


class Loads:
    """Bytes over the line of what a page fetched from its own assets, as they were packed."""

    def __init__(self, page: Page) -> None:
        self.own = self.map = self.files = 0
        page.on("requestfinished", self._on_finished)

    def _on_finished(self, request: Request) -> None:
        path = request.url.split("?")[0]
        if "/assets/" not in path and request.resource_type != "document":
            return
        size = request.sizes()["responseBodySize"]
        if path.rsplit("/", 1)[-1].startswith(MAP_FILES):
            self.map += size
        else:
            self.own += size
            self.files += 1

    def told(self) -> dict[str, int]:
        return {"bytes": self.own, "files": self.files, "map_bytes": self.map}


def first_loads(browser: Browser, url: str) -> dict[str, dict[str, int]]:
    """Page → what it fetches until its form is there, with an empty cache."""
    found = {}
    for name in ("rider", "driver", "ops"):
        context = browser.new_context(viewport=DESK, locale="en-GB")
        page = context.new_page()
        loads = Loads(page)
        page.goto(f"{url}/{name}", wait_until="networkidle")
        page.wait_for_selector("form", timeout=ANSWER_MS)
        found[name] = loads.told()
        context.close()
    return found


def frames(at: list[float]) -> dict[str, Any]:
    """Of the times of frames, ms: how many a second, how long they took, and how many were long."""
    gaps = sorted(later - one for one, later in pairwise(at))
    if not gaps:
        return {"frames_a_second": 0.0, "p50_ms": None, "p95_ms": None, "p99_ms": None, "max_ms": None, "over_50_ms": 0}
    picked = {f"p{share}_ms": round(gaps[min(len(gaps) - 1, len(gaps) * share // 100)], 1) for share in (50, 95, 99)}
    return {
        "frames_a_second": round(len(gaps) / (at[-1] - at[0]) * 1000, 1),
        **picked,
        "max_ms": round(gaps[-1], 1),
        "over_50_ms": sum(gap > 50 for gap in gaps),
    }


def measured(page: Page, seconds: float, meanwhile: Callable[[], None] | None = None) -> dict[str, Any]:
    """The page's frames over so many seconds, while something is done with it if asked."""
    page.evaluate(START_COUNTING, seconds * 1000)
    if meanwhile is not None:
        meanwhile()
    return frames(page.evaluate("() => globalThis.counted"))


def drag(page: Page, seconds: float) -> Callable[[], None]:
    """Pulls the map to and fro by hand for about so long."""

    def doing() -> None:
        box = page.locator(".live-map .map").bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] * 0.7, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        for step in range(int(seconds * 20)):
            page.mouse.move(x + 60 * ((step // 10) % 2 * 2 - 1) * (step % 10) / 10, y)
            page.wait_for_timeout(40)
        page.mouse.up()

    return doing


class Pushes:
    """The pictures of the city that came over the socket."""

    def __init__(self, page: Page) -> None:
        self.count = self.bytes = 0
        page.on("websocket", self._on_line)

    def _on_line(self, line: WebSocket) -> None:
        line.on("framereceived", self._on_frame)

    def _on_frame(self, payload: str | bytes) -> None:
        head = payload[:80] if isinstance(payload, str) else payload[:80].decode("utf-8", "replace")
        if "city_state" in head:
            self.count += 1
            self.bytes += len(payload)


def main() -> None:
    task = json.loads(sys.stdin.readline())
    url, seconds = task["url"], float(task["seconds"])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=sandboxed())
        found: dict[str, Any] = {"chromium": browser.version, "first_load": first_loads(browser, url)}
        page = browser.new_context(viewport=DESK, locale="en-GB").new_page()
        loads, pushes = Loads(page), Pushes(page)
        page.goto(f"{url}/ops", wait_until="networkidle")
        page.wait_for_selector("form", timeout=ANSWER_MS)
        found["form"] = measured(page, seconds / 2)
        page.locator("input[name=email]").fill(task["email"])
        page.locator("input[name=password]").fill(task["password"])
        page.locator("button[type=submit]").click()
        page.wait_for_selector(".live-map .cars", state="attached", timeout=ANSWER_MS)
        page.wait_for_timeout(STEADY_MS)
        found["live_load"] = loads.told()
        found["empty"] = measured(page, seconds / 2)
        found["empty_dragged"] = measured(page, seconds / 2, drag(page, seconds / 2))
        print(json.dumps("ready"), flush=True)
        sys.stdin.readline()
        page.wait_for_function(f"(least) => ({CARS_SHOWN})() >= least", arg=task["cars"], timeout=CARS_MS)
        page.wait_for_timeout(STEADY_MS)
        before = (pushes.count, pushes.bytes)
        found["moving"] = measured(page, seconds)
        came = pushes.count - before[0]
        found["pushes"] = {"a_second": round(came / seconds, 2)}
        found["pushes"]["kib_each"] = round((pushes.bytes - before[1]) / came / 1024, 1) if came else None
        found["cars_shown"] = page.evaluate(CARS_SHOWN)
        found["dragged"] = measured(page, seconds / 2, drag(page, seconds / 2))
        if task["picture"]:
            page.screenshot(path=task["picture"])
        browser.close()
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
