"""What `bench.money` is made of: rides and blows, planted errors, large books, and how fast all of it is."""
