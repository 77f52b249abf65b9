"""The assignment problem, solved by scipy. Computes without yielding: call it through `eventlet.tpool`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from services.matching.domain.model import Edge


def solve(rows: int, columns: int, edges: Sequence[Edge]) -> list[tuple[int, int]]:
    """As many one-to-one pairs as can be, and of those the least total cost.

    `edges` are the allowed (row, column, cost) pairs. Each connected part of the graph is a dense problem of its own,
    solved by the Jonker-Volgenant algorithm (D. F. Crouse, IEEE TAES 52, 2016): cubic in the part's size only.
    """
    if not edges:
        return []
    table = np.asarray(edges, dtype=float)
    row, column, cost = table[:, 0].astype(int), table[:, 1].astype(int), table[:, 2]
    part_of = _parts(rows, columns, row, column)
    order = np.argsort(part_of[row], kind="stable")
    cuts = np.flatnonzero(np.diff(part_of[row[order]])) + 1
    pairs: list[tuple[int, int]] = []
    for part in np.split(order, cuts):
        pairs.extend(_solve_part(row[part], column[part], cost[part]))
    return sorted(pairs)


def _parts(rows: int, columns: int, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """The connected part that each row, and after them each column, belongs to."""
    size = rows + columns
    graph = coo_array((np.ones(len(row)), (row, column + rows)), shape=(size, size))
    return connected_components(graph, directed=False)[1]


def _solve_part(row: np.ndarray, column: np.ndarray, cost: np.ndarray) -> list[tuple[int, int]]:
    own_rows, dense_row = np.unique(row, return_inverse=True)
    own_columns, dense_column = np.unique(column, return_inverse=True)
    lowest = cost.min()
    pairs_at_most = min(len(own_rows), len(own_columns))
    # dearer than any set of allowed pairs: a forbidden pair is taken only where no allowed one is left
    forbidden = (cost.max() - lowest + 1.0) * (pairs_at_most + 1)
    dense = np.full((len(own_rows), len(own_columns)), forbidden)
    dense[dense_row, dense_column] = cost - lowest
    chosen = zip(*linear_sum_assignment(dense), strict=True)
    return [(int(own_rows[r]), int(own_columns[c])) for r, c in chosen if dense[r, c] < forbidden]
