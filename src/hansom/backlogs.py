"""How much waits in a service's outbox: for the command line and gateways, which show it to operators."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg2

MOST = 100_000
"""More is not counted."""

_COUNT = """
SELECT count(*), extract(epoch FROM now() - min(occurred_at))
FROM (SELECT occurred_at FROM outbox ORDER BY id LIMIT %s) AS oldest
"""


@dataclass(frozen=True)
class Backlog:
    """Events that are committed and not yet with the broker, up to `MOST`, and for how long the oldest has waited."""

    waiting: int
    oldest_s: float | None


def outbox_backlog(uri: str, patience_s: int = 3) -> Backlog:
    """Of the database that a `postgresql://` URI names. Raises psycopg2.Error, UndefinedTable where there is none."""
    options = f"-c statement_timeout={patience_s * 1000}"
    connection = psycopg2.connect(uri, connect_timeout=patience_s, options=options)
    try:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, (MOST,))
            waiting, oldest_s = cursor.fetchone() or (0, None)
            return Backlog(int(waiting), None if oldest_s is None else max(0.0, round(float(oldest_s), 1)))
    finally:
        connection.close()
