"""The pages about the contract can be read; tests/contract/test_openapi.py holds what they say true."""

from __future__ import annotations

from typing import Any

import requests


def test_the_page_can_be_read_without_the_internet(running_stack: Any) -> None:
    page = requests.get(f"{running_stack.url}/docs", timeout=5).text
    assert "http://" not in page.replace(running_stack.url, "")
    assert "https://" not in page
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "start.js", "openapi.json"):
        assert requests.get(f"{running_stack.url}/docs/{name}", timeout=5).status_code == 200


def test_who_opens_the_address_sees_a_page(running_stack: Any) -> None:
    answer = requests.get(running_stack.url, timeout=5)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
