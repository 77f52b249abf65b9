"""A town for simulations, without a road server."""

from __future__ import annotations

import numpy as np

from services.matching.simulation.grid import RoadGrid

SPEED_MPS = 8.0


def a_town(side: int = 8) -> RoadGrid:
    """Streets in a square pattern: road times are those of the corners one drives around."""
    lat, lng = np.meshgrid(np.linspace(60.0, 60.018, side), np.linspace(24.0, 24.036, side))
    points = np.column_stack([lat.ravel(), lng.ravel()])
    plane = RoadGrid(points, np.zeros((side**2, side**2)), np.zeros((side**2, side**2))).plane_m
    metres = np.abs(plane[:, None, :] - plane[None, :, :]).sum(axis=2)
    return RoadGrid(points, metres / SPEED_MPS, metres)


TOWN = a_town()
