"""Published runs: taking one as a snapshot, and recomputing all of its numbers."""
