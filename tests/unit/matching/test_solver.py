"""The assignment problem."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from services.matching.solver import solve


def test_no_edges_no_pairs() -> None:
    assert solve(3, 4, []) == []


def test_as_many_pairs_as_can_be_come_before_cost() -> None:
    assert solve(2, 2, [(0, 0, 1.0), (0, 1, 1000.0), (1, 0, 1000.0)]) == [(0, 1), (1, 0)]


def test_costs_below_zero_are_costs_like_others() -> None:
    assert solve(2, 1, [(0, 0, -10.0), (1, 0, -3600.0)]) == [(1, 0)]


def test_parts_of_a_graph_are_solved_as_the_whole() -> None:
    random = np.random.default_rng(7)
    cost = random.uniform(0, 900, (60, 80))
    edges = [(row, column, cost[row, column]) for row in range(60) for column in range(80)]
    rows, columns = linear_sum_assignment(cost)
    assert solve(60, 80, edges) == sorted(zip(rows.tolist(), columns.tolist(), strict=True))
    shifted = [(row + 60, column + 80, each) for row, column, each in edges]
    assert len(solve(120, 160, edges + shifted)) == 120
