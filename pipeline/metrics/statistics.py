"""How the numbers are made: the typed form of the section `metrics`."""

from pipeline.core.params import Parameters


class Statistics(Parameters):
    """equal_variance: Student's t-test instead of Welch's."""

    equal_variance: bool = False
