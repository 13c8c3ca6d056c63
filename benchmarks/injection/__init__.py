"""Faults, and what the real commands make of them: the parts of `python -m benchmarks.faults`."""
