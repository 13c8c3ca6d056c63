"""What grows with what: the parts of `python -m benchmarks.growth`."""
