"""Pairs of an image and its adversarial variant: the inputs of ModelDiff.

Li et al., ISSTA 2021: a model is described by how far apart its answers to the two images of each pair lie, its
decision distance vector, which `decision_distance` compares. The authors search variants without gradients and anew for
each suspect: one random coordinate of all images at a time moves by a fixed step where that raises the product of the
answers' divergence from those to the seeds and their diversity, of the source and of the suspect. Here, as in QuRD, PGD
raises the source's loss of its own label within an L-infinity ball: the same probes for all suspects, of whom none need
be asked before, and no term for diversity.
"""

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from pipeline.core.errors import BadInput
from pipeline.core.params import Parameters, Seed
from pipeline.data.images import Images
from pipeline.probes.probe_set import DefenderModels, ProbeSet, probe_set
from pipeline.tasks.recipe import Adversary
from pipeline.tasks.task import Count

if TYPE_CHECKING:
    from pipeline.models.network import Network


class Family(Parameters):
    """`count` pairs, that is twice as many probes: 2i is an image of the held-out set, 2i + 1 its variant.

    Variants are rounded to 256 levels, so they may lie half a level beyond epsilon, but where epsilon and step are whole
    levels (n/255) rounding changes nothing. A variant that the source labels like its image is kept: the distance of such a
    pair belongs to the vector too.
    """

    tasks: ClassVar = ("classification",)
    methods: ClassVar = ("modeldiff",)

    count: Count
    adversary: Adversary = Adversary(epsilon=8 / 255, step=2 / 255)
    seed: Seed = 0
    held_out: Literal["pool", "accuracy"] = "pool"

    def __call__(self, held_out: Images, models: DefenderModels) -> list[ProbeSet]:
        """One set. Both images of a pair have the label and the index of the first.

        Facts: the share of variants that the source labels unlike their seeds, before and after quantisation.
        """
        from pipeline.models.network import load, predict
        from pipeline.training.device import device

        if self.count > len(held_out):
            raise BadInput(
                f"probes.decision_pairs.count: {self.count} pairs asked for, {self.held_out} has {len(held_out)} images"
            )
        source = load(models.source).to(device())
        index = np.sort(np.random.default_rng(self.seed).permutation(len(held_out))[: self.count])
        seeds = held_out.images[index]
        own = predict(source, seeds).argmax(axis=1)
        exact = self._variants(source, seeds, own)
        variants = np.rint(exact * 255).astype(np.uint8)
        success_before, success_after = (
            float((predict(source, images).argmax(axis=1) != own).mean()) for images in (exact, variants)
        )
        pairs = np.stack([seeds, variants], axis=1).reshape(-1, *seeds.shape[1:])
        index = index.repeat(2)
        return [
            probe_set(
                "modeldiff", pairs, held_out.labels[index], index, success_before=success_before, success_after=success_after
            )
        ]

    def _variants(self, source: "Network", seeds: np.ndarray, own: np.ndarray) -> np.ndarray:
        """Images (N, C, H, W) float32 in [0, 1], less like the source's own labels (N,) than the seeds uint8."""
        import torch

        from pipeline.training.perturb import perturb

        pixels = torch.from_numpy(seeds).to(source.device) / 255
        generator = torch.Generator(source.device).manual_seed(self.seed)
        return perturb(source, pixels, torch.from_numpy(own).to(source.device), self.adversary, generator).cpu().numpy()
