"""What Hansom's services share: plumbing and contracts, no business rule."""

__version__ = "0.1.0"
