"""The assignment problem, solved by scipy. Computes without yielding: call it through `eventlet.tpool`.

A sparse table is solved with the interpreter held, so that no thread runs meanwhile: some 20 ms for 1,000 x 1,000 with
30 candidates each, more than half a second for 5,000 x 5,000. A table that is solved whole lets other threads run.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from services.matching.domain.model import Edge

SMALL_CELLS = 40_000
"""A table of no more cells is solved whole."""

DENSE_SHARE = 0.2
"""So is one of whose cells at least this share are allowed pairs: there a sparse table has nothing to save."""


def solve(rows: int, columns: int, edges: Sequence[Edge]) -> list[tuple[int, int]]:
    """As many one-to-one pairs as can be, and of those the least total cost.

    `edges` are the allowed (row, column, cost) pairs, each at most once. Both ways are the algorithm of Jonker and
    Volgenant (Computing 38, 1987): shortest augmenting paths, over the whole table (D. F. Crouse, IEEE TAES 52, 2016)
    or over the allowed pairs alone.
    """
    if not edges:
        return []
    table = np.fromiter(chain.from_iterable(edges), dtype=float, count=3 * len(edges)).reshape(-1, 3)
    row, column = table[:, 0].astype(np.int32), table[:, 1].astype(np.int32)
    cost = table[:, 2] - table[:, 2].min() + 1.0
    # dearer than any set of allowed pairs: going without is chosen only where no allowed pair is left
    without = (float(cost.max()) + 1.0) * (min(rows, columns) + 1)
    whole = rows * columns <= SMALL_CELLS or len(edges) >= DENSE_SHARE * rows * columns
    pairs = (_whole if whole else _sparse)(rows, columns, (row, column, cost), without)
    return sorted(zip(*(side.tolist() for side in pairs), strict=True))


Table = tuple[np.ndarray, np.ndarray, np.ndarray]


def _whole(rows: int, columns: int, table: Table, without: float) -> tuple[np.ndarray, np.ndarray]:
    row, column, cost = table
    cells = np.full((rows, columns), without)
    cells[row, column] = cost
    chosen_row, chosen_column = linear_sum_assignment(cells)
    allowed = cells[chosen_row, chosen_column] < without
    return chosen_row[allowed], chosen_column[allowed]


def _sparse(rows: int, columns: int, table: Table, without: float) -> tuple[np.ndarray, np.ndarray]:
    """Each row has a column of its own to fall back on, so that there is always an answer."""
    row, column, cost = table
    every = np.arange(rows, dtype=np.int32)
    cells = csr_array(
        (
            np.concatenate([cost, np.full(rows, without)]),
            (np.concatenate([row, every]), np.concatenate([column, columns + every])),
        ),
        shape=(rows, columns + rows),
    )
    chosen_row, chosen_column = min_weight_full_bipartite_matching(cells)
    allowed = chosen_column < columns
    return chosen_row[allowed], chosen_column[allowed]
