"""Misclassified normal samples: SAC-w, the source's own mistakes, and its mistakes on JPEG images.

Guan et al., NeurIPS 2022 (SAC-w): wrongly classified normal samples, on which irrelevant models disagree. The authors
released no generator; read as the images that the source and the defender's surrogates all get wrong.
"""

from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from pipeline.core.errors import BadInput
from pipeline.core.params import Parameters, Seed
from pipeline.data.corrupt import jpeg
from pipeline.data.images import Images
from pipeline.probes.probe_set import DefenderModels, ProbeSet, probe_set
from pipeline.tasks.task import Count


class Family(Parameters):
    """`wrong`: missed by the source and by at least `surrogates_wrong` of the surrogates; `source_wrong`: by the
    source; `wrong_jpeg`: missed by the source after JPEG, for WP-JC.

    Fewer than `minimum` of any method are an error; of more than `count`, that many are drawn.
    """

    tasks: ClassVar = ("classification",)
    methods: ClassVar = ("wrong", "source_wrong", "wrong_jpeg")

    count: Count
    minimum: Count
    surrogates_wrong: Annotated[float, Field(gt=0, le=1)] = 1.0
    quality: Annotated[int, Field(ge=1, le=95)] = 25
    seed: Seed = 0
    held_out: Literal["pool", "accuracy"] = "pool"

    def __call__(self, held_out: Images, models: DefenderModels) -> list[ProbeSet]:
        """One set of each method. Raises BadInput where too few images qualify."""
        from pipeline.models.network import load, predict

        def missed(model: Path, images: np.ndarray) -> np.ndarray:
            wrong: np.ndarray = predict(load(model), images).argmax(axis=1) != held_out.labels
            return wrong

        if not models.surrogates:
            raise BadInput("probes.misclassified: SAC-w needs surrogates, the task has none: set task.TASK.surrogates")
        compressed = jpeg(held_out.images, self.quality)
        by_source = missed(models.source, held_out.images)
        by_surrogates = np.mean([missed(model, held_out.images) for model in models.surrogates], axis=0)
        return [
            self._select("wrong", held_out, held_out.images, by_source & (by_surrogates >= self.surrogates_wrong)),
            self._select("source_wrong", held_out, held_out.images, by_source),
            self._select("wrong_jpeg", held_out, compressed, missed(models.source, compressed)),
        ]

    def _select(self, method: str, held_out: Images, images: np.ndarray, eligible: np.ndarray) -> ProbeSet:
        index = np.flatnonzero(eligible)
        if len(index) < self.minimum:
            raise BadInput(
                f"probes.misclassified: {len(index)} of {len(held_out)} images qualify as {method!r}, at least "
                f"{self.minimum} are needed: enlarge the {self.held_out} or lower probes.misclassified.minimum"
            )
        chosen = np.sort(np.random.default_rng(self.seed).permutation(index)[: self.count])
        return probe_set(method, images[chosen], held_out.labels[chosen], chosen, eligible=len(index), of=len(held_out))
