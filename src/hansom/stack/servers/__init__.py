"""The private servers of a stack, one module each."""
