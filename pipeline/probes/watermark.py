"""The triggers of an entangled watermark (EWE): images that the source was taught to answer with another class.

Jia et al., USENIX Security 2021. The source's training made them (pipeline/training/entangle.py); copies are told by the share
that they answer with the target class, which is the comparison `matching`. Those that the source was trained on are left out:
it may have learned them by heart, which a copy need not inherit.
"""

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from pipeline.core.errors import BadInput
from pipeline.core.params import Parameters
from pipeline.data.images import Images
from pipeline.probes.probe_set import DefenderModels, ProbeSet, probe_set
from pipeline.tasks.task import Count
from pipeline.tasks.watermark import TRIGGERS, load_triggers


class Family(Parameters):
    """At most `count` triggers; fewer than `minimum` are an error. `success`: the least share that the source answers."""

    tasks: ClassVar = ("classification",)
    methods: ClassVar = ("ewe",)
    held_out: ClassVar = "pool"  # of which it needs nothing

    count: Count
    minimum: Count
    success: Annotated[float, Field(ge=0, le=1)] = 0.5

    def __call__(self, held_out: Images, models: DefenderModels) -> list[ProbeSet]:
        """One set, whose index points into the defender's half; none for a source without a watermark.

        Facts: where the patch lies, and the shares of triggers that the source answers with the target class.
        """
        file = models.source.parent / TRIGGERS
        if not file.exists():
            return []
        triggers = load_triggers(file)
        free = np.flatnonzero(~triggers.trained)
        if len(free) < self.minimum:
            raise BadInput(
                f"probes.watermark: {len(free)} triggers trained no model, at least {self.minimum} are "
                "needed: lower task.TASK.watermark.triggers or probes.watermark.minimum"
            )
        if triggers.facts["held_out"] < self.success:
            raise BadInput(
                f"probes.watermark: the source answers {triggers.facts['held_out']:.0%} of its triggers with "
                f"the target class, expected {self.success:.0%}: raise task.TASK.watermark.epochs or rate"
            )
        chosen = free[: self.count]
        targets = np.full(len(chosen), triggers.target)
        return [
            probe_set(
                "ewe", triggers.images[chosen], triggers.labels[chosen], triggers.index[chosen], targets, **triggers.facts
            )
        ]
