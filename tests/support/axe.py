"""Axe, which looks at a page for what keeps somebody from using it."""

from __future__ import annotations

from functools import cache
from typing import Any

from hansom.stack.pages import file_of_package

OPTIONS = """{
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    rules: {"label-content-name-mismatch": {enabled: true}},
}"""
"""The rule by its name is one that axe leaves out unless it is asked for."""


@cache
def _source() -> str:
    return file_of_package("axe-core/axe.min.js").read_text(encoding="utf-8")


def violations(page: Any) -> list[str]:
    """What axe finds on a page as it stands, a line each: the rule, what it wants, and where it is broken."""
    found = _evaluate(page, f"{_source()}; axe.run(document, {OPTIONS}).then((found) => found.violations)")
    return [
        f"{each['id']}: {each['help']}: {' | '.join(node['html'][:160] for node in each['nodes'][:3])}"
        for each in found
    ]


def _evaluate(page: Any, expression: str) -> Any:
    """What an expression gives. The debugger's own way, which the page's policy against strings as scripts lets be."""
    session = page.context.new_cdp_session(page)
    try:
        answer = session.send(
            "Runtime.evaluate", {"expression": expression, "awaitPromise": True, "returnByValue": True}
        )
    finally:
        session.detach()
    if "exceptionDetails" in answer:
        raise AssertionError(f"axe could not look at {page.url}: {answer['exceptionDetails']}")
    return answer["result"]["value"]
