"""The assignment problem, solved by scipy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from services.analytics.domain.hints import Edge


def assign(rows: int, columns: int, edges: Sequence[Edge]) -> list[tuple[int, int]]:
    """As many one-to-one pairs as can be, and of those the least total cost.

    `edges` are the allowed (row, column, cost) pairs, costs not below zero. The Jonker-Volgenant algorithm (D. F.
    Crouse, IEEE TAES 52, 2016) on the whole table: 400 by 400 takes about 10 ms.
    """
    if not edges:
        return []
    table = np.asarray(edges, dtype=float)
    # dearer than all allowed pairs together: a forbidden pair is taken only where no allowed one is left
    forbidden = (table[:, 2].max() + 1.0) * (min(rows, columns) + 1)
    dense = np.full((rows, columns), forbidden)
    dense[table[:, 0].astype(int), table[:, 1].astype(int)] = table[:, 2]
    chosen = zip(*linear_sum_assignment(dense), strict=True)
    return [(int(row), int(column)) for row, column in chosen if dense[row, column] < forbidden]
