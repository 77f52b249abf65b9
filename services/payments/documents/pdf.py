"""Pages as PDFs, laid out in a process of their own: see `printing.py`."""

from __future__ import annotations

import sys
from pathlib import Path

from eventlet import Timeout
from eventlet.green import subprocess
from eventlet.semaphore import Semaphore

from hansom.contracts.errors import Unavailable

PRINTER = Path(__file__).parent / "printing.py"

AT_ONCE = Semaphore(2)
"""PDFs laid out at the same time: each takes a core for a while."""

WAITING_MAX = 12
"""Who comes when so many wait is told to come again: his caller would not wait for him."""

PRINTING_S = 15
"""Patience with one PDF, seconds."""


def pdf_of(html: str) -> bytes:
    """The page as a PDF; this process goes on meanwhile. Raises Unavailable when many wait, or it takes too long."""
    if AT_ONCE.balance <= -WAITING_MAX:
        raise Unavailable("Too many receipts are being printed: try again in a moment.")
    with AT_ONCE, Timeout(PRINTING_S, Unavailable("The receipt could not be printed in time.")):
        return _print(html)


def _print(html: str) -> bytes:
    printer = subprocess.Popen([sys.executable, str(PRINTER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        written, _ = printer.communicate(html.encode())
    finally:
        if printer.poll() is None:
            printer.kill()
            printer.wait()
    if printer.returncode:
        raise RuntimeError(f"the printer of receipts ended with {printer.returncode}")
    return bytes(written)


__all__ = ["pdf_of"]
