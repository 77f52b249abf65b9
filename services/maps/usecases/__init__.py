"""What one can ask of the map, a function a verb."""

from services.maps.usecases.drawing import draw_surroundings
from services.maps.usecases.matching import match_trace
from services.maps.usecases.places import check_points, find_segments, list_segments, search_places
from services.maps.usecases.roads import find_etas, find_nearest, find_route, learn_corrections, road_table

__all__ = [
    "check_points",
    "draw_surroundings",
    "find_etas",
    "find_nearest",
    "find_route",
    "find_segments",
    "learn_corrections",
    "list_segments",
    "match_trace",
    "road_table",
    "search_places",
]
