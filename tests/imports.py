"""Which project files a file imports, for the tests that follow them."""

from pipeline.wiring.imports import ROOT, followed, imported

__all__ = ["ROOT", "followed", "imported"]
