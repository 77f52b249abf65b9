"""The assignment problem."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from services.matching import solver
from services.matching.domain.model import Edge
from services.matching.solver import solve

# a machine that is busy with other tests is no fault of these
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def tables(draw: st.DrawFn) -> tuple[int, int, list[Edge]]:
    rows, columns = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    cells = draw(st.sets(st.tuples(st.integers(0, rows - 1), st.integers(0, columns - 1))))
    return rows, columns, [(row, column, float(draw(st.integers(-5000, 5000)))) for row, column in sorted(cells)]


def test_no_edges_no_pairs() -> None:
    assert solve(3, 4, []) == []


def test_as_many_pairs_as_can_be_come_before_cost() -> None:
    assert solve(2, 2, [(0, 0, 1.0), (0, 1, 1000.0), (1, 0, 1000.0)]) == [(0, 1), (1, 0)]


def test_costs_below_zero_are_costs_like_others() -> None:
    assert solve(2, 1, [(0, 0, -10.0), (1, 0, -3600.0)]) == [(1, 0)]


@quick
@given(table=tables())
def test_only_allowed_pairs_are_chosen_and_the_least_cost_is_the_same_either_way(
    table: tuple[int, int, list[Edge]],
) -> None:
    rows, columns, edges = table
    cost = {(row, column): each for row, column, each in edges}
    found = []
    for small, dense in ((10**9, 0.0), (0, 2.0)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(solver, "SMALL_CELLS", small)
            patch.setattr(solver, "DENSE_SHARE", dense)
            pairs = solve(rows, columns, edges)
        assert set(pairs) <= set(cost)
        assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
        found.append((len(pairs), sum(cost[pair] for pair in pairs)))
    assert found[0] == found[1]


def test_a_table_with_every_pair_is_solved_as_scipy_solves_it() -> None:
    random = np.random.default_rng(7)
    cost = random.uniform(0, 900, (60, 80))
    edges = [(row, column, cost[row, column]) for row in range(60) for column in range(80)]
    rows, columns = linear_sum_assignment(cost)
    assert solve(60, 80, edges) == sorted(zip(rows.tolist(), columns.tolist(), strict=True))


def test_a_large_sparse_table_is_solved_without_its_empty_cells() -> None:
    """Two copies that do not touch: twice the answer of one."""
    random = np.random.default_rng(8)
    once = [(row, int(column), float(random.uniform(0, 900))) for row in range(300) for column in range(row, row + 9)]
    twice = once + [(row + 300, column + 400, each) for row, column, each in once]
    pairs = solve(600, 800, twice)
    first = [pair for pair in pairs if pair[0] < 300]
    assert [(row + 300, column + 400) for row, column in first] == pairs[len(first) :]
    assert len(pairs) == 600
