"""What can go wrong while a stack is set up, said in one line that tells what to do."""

from __future__ import annotations


class StackProblem(Exception):
    """Something the user has to know or do. Its text is one clear line; the command line prints it and exits with 1."""


class Missing(StackProblem):
    """Something has to be installed or set before anything can start. Exit code 2."""
