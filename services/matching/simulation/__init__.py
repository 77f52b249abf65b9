"""A day of a city without a wall clock: riders, drivers and real roads around the very policies that `matching` runs.

`./hansom simulate`, or `python -m services.matching.simulation --help`. Discrete events, seeded: the same seed brings
the same riders to the same places at the same moments whatever the policy, and a driver asked the same trip answers the
same, so that policies are compared pair by pair. Only the policies come from the service; how offers, answers and
cancellations follow from each other is told again here, without stores.
"""
