"""The pages about the contract can be read; tests/contract/test_openapi.py holds what they say true."""

from __future__ import annotations

import re
from typing import Any

import requests


def test_who_opens_the_address_sees_a_page(running_stack: Any) -> None:
    answer = requests.get(running_stack.url, timeout=5)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")


def test_the_two_contracts_have_pages_that_name_each_other_and_allow_nothing_from_elsewhere(running_stack: Any) -> None:
    for path in ("/docs", "/asyncapi"):
        answer = requests.get(f"{running_stack.url}{path}", timeout=5)
        assert answer.status_code == 200, answer.text
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "blob:" not in policy
        assert not re.search(r"https?://|<style|style=|<script>", answer.text)
        for file in re.findall(r'(?:src|href)="(/assets/[^"]+)"', answer.text):
            assert requests.get(f"{running_stack.url}{file}", timeout=5).status_code == 200, file
    for path, other, document in (("docs", "asyncapi", "/openapi.json"), ("asyncapi", "docs", "/asyncapi.json")):
        page = requests.get(f"{running_stack.url}/{path}", timeout=5).text
        (script,) = re.findall(r'<script type="module" src="([^"]+)"', page)
        code = requests.get(f"{running_stack.url}{script}", timeout=5).text
        assert f'"/{other}"' in code and f'"{document}"' in code
        assert f'<link rel="preload" href="{document}"' in page, "fetched while the script is"


def test_the_sockets_document_tells_how_to_begin_and_names_only_messages_that_it_has(running_stack: Any) -> None:
    told = requests.get(f"{running_stack.url}/asyncapi.json", timeout=5).json()
    assert "`authenticate`" in told["info"]["description"] and "`resume`" in told["info"]["description"]
    messages = told["components"]["messages"]
    for operation in told["operations"].values():
        for each in operation["messages"]:
            assert each["$ref"].rsplit("/", 1)[1] in messages
