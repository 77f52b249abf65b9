"""Measurements of a running stack. `./hansom bench NAME` brings the stack up and runs one of these modules."""
