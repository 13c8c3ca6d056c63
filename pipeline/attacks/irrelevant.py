"""Irrelevant models: trained from scratch on the attacker's half with its true labels, without the source.

SAC-JC, section 4.1 "Evaluation Metrics": the models from which stolen ones must be distinguished.
"""

from pipeline.training.maker import Maker


class Attack(Maker):
    """All of the task's architectures, by the task's own recipe."""

    needs_source = False
