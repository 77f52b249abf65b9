"""The web pages as the gateway serves them: built, hashed, under a strict policy."""

from __future__ import annotations

import gzip
import re

import requests

from hansom.stack.testing import RunningStack


def test_the_riders_page_is_built_and_allows_no_script_or_style_but_its_own_files(running_stack: RunningStack) -> None:
    answer = requests.get(f"{running_stack.url}/rider", timeout=10)
    assert answer.status_code == 200, answer.text
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["script-src"] == policy["style-src"] == "'self'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "<script>" not in answer.text and "<style" not in answer.text and "style=" not in answer.text
    assert not re.search(r"https?://", answer.text), "nothing comes from elsewhere"


def test_its_files_are_kept_for_good_and_small(running_stack: RunningStack) -> None:
    html = requests.get(f"{running_stack.url}/rider", timeout=10).text
    files = re.findall(r'(?:src|href)="(/assets/[^"]+)"', html)
    assert files
    total = 0
    for path in files:
        url = f"{running_stack.url}{path}"
        answer = requests.get(url, headers={"Accept-Encoding": "gzip"}, stream=True, timeout=10)
        packed = answer.raw.read(decode_content=False)
        total += len(packed)
        assert answer.status_code == 200 and "immutable" in answer.headers["Cache-Control"]
        plain = requests.get(url, headers={"Accept-Encoding": "identity"}, timeout=10)
        assert gzip.decompress(packed) == plain.content
    assert total < 300_000, "the first load, without the map's library, stays under 300 kB"


def test_what_is_no_file_of_the_pages_is_unknown(running_stack: RunningStack) -> None:
    for name in ("nothing.js", "..%2findex.json", "index.json", ".stamp"):
        assert requests.get(f"{running_stack.url}/assets/{name}", timeout=10).status_code == 404, name


def test_who_opens_the_printed_address_finds_the_front_page(running_stack: RunningStack) -> None:
    answer = requests.get(running_stack.url, timeout=10, allow_redirects=False)
    assert answer.status_code == 200, answer.text
    [script] = re.findall(r'<script type="module" src="(/assets/home-[^"]+)"', answer.text)
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    built = requests.get(f"{running_stack.url}{script}", timeout=10).text
    assert all(page in built for page in ("rider", "driver", "ops")) and "/docs" in built and "/asyncapi" in built
