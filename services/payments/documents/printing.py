"""A page on stdin becomes a PDF on stdout, in a process of its own.

WeasyPrint computes for a second and logs on its way. A thread of a process that eventlet has patched must not log: two
at once stopped the whole service, whose locks are not made for threads.
"""

from __future__ import annotations

import sys
from typing import Any, NoReturn

from weasyprint import HTML


def main() -> None:
    page = sys.stdin.buffer.read().decode()
    written = HTML(string=page, url_fetcher=_refuse).write_pdf()
    assert written is not None
    sys.stdout.buffer.write(written)


def _refuse(url: str, *_: Any, **__: Any) -> NoReturn:
    """A document is whole in itself: nothing is fetched for it, whatever it says."""
    raise ValueError(f"a document asked for {url[:100]}")


if __name__ == "__main__":
    main()
