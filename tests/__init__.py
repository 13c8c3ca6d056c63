"""The tests, as a package: other distributions install one of this name."""
