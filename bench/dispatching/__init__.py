"""The parts of `./hansom bench dispatch`."""
