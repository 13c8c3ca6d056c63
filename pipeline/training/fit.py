"""The one training loop: source, irrelevant models, surrogates, and every attack go through `fit`.

The data set lies on the device as one uint8 tensor; every epoch is a permutation of it, cut into whole batches.
"""

from collections.abc import Iterator
from functools import partial
from math import pi, sin
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from pipeline.core.errors import BadInput
from pipeline.data.images import Images
from pipeline.models.network import Network, build
from pipeline.tasks.recipe import ArcFace, Distillation, Recipe
from pipeline.training.augment import augment
from pipeline.training.device import device, mixed_precision
from pipeline.training.perturb import perturb


def fit(network: Network, data: Images, recipe: Recipe, seed: int, *, answers: np.ndarray | None = None,
        teacher: Network | None = None, head_only: bool = False, frozen_statistics: bool = False) -> Network:  # fmt: skip
    """Train `network` in place on `data` by `recipe`, and return it in eval mode, on the device it was trained on.

    answers: for the images as they are, a teacher's logits (N, classes), for a recipe with distillation, or its
    embeddings (N, D), for one that imitates them.
    teacher: asked on every augmented view instead; its answers replace the labels too, as in the authors' code.
    head_only: the features' weights stay. Their normalisation statistics drift, as in the authors' code, unless
    `frozen_statistics`.
    """
    if recipe.distillation and answers is None and teacher is None:
        raise BadInput("a recipe with distillation needs a teacher or its answers")
    if recipe.imitates_embeddings and answers is None:
        raise BadInput("a recipe that imitates embeddings needs a teacher's")
    if len(data) < 2:
        raise BadInput(f"training needs at least 2 images, found {len(data)}")
    where = device()
    images, labels = torch.from_numpy(data.images).to(where), torch.from_numpy(data.labels).to(where)
    soft = None if answers is None else torch.from_numpy(answers).to(where)
    draws = torch.Generator(where).manual_seed(seed)
    student = _ready(network.to(where), head_only, frozen_statistics)
    weights = [weight for weight in student.parameters() if weight.requires_grad]
    optimiser = torch.optim.SGD(
        weights, recipe.rate, recipe.momentum, nesterov=recipe.momentum > 0, weight_decay=recipe.weight_decay, fused=True
    )
    teacher = teacher and teacher.to(where)
    with torch.random.fork_rng(devices=[where] if where.type == "cuda" else []):
        torch.manual_seed(seed)  # dropout draws from the global generator
        for progress, index in _batches(len(images), recipe, draws):
            optimiser.param_groups[0]["lr"] = recipe.rate_at(progress)
            views = augment(images[index], recipe.augment, draws)
            if teacher is None:
                target, answer = labels[index], None if soft is None else soft[index]
            else:
                answer = _answers(teacher, views)
                target = answer.argmax(dim=1)
            with mixed_precision(where, student.spec.arch):
                loss = _loss(student, views, target, answer, recipe, draws)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            if recipe.clip:
                torch.nn.utils.clip_grad_norm_(weights, recipe.clip)
            optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    return student.requires_grad_(True).eval()


def fit_new(arch: str, data: Images, recipe: Recipe, seed: int, **teaching: Any) -> Network:
    """A fresh `arch` trained on `data`: `seed` draws its weights, its batches and its views."""
    return fit(build(arch, data, seed), data, recipe, seed, **teaching)


def _answers(teacher: Network, views: Tensor) -> Tensor:
    with torch.no_grad(), mixed_precision(views.device, teacher.spec.arch):
        return teacher(views).float()  # type: ignore[no-any-return]


def _ready(network: Network, head_only: bool, frozen_statistics: bool) -> Network:
    network.train().requires_grad_(True)
    if head_only:
        network.features.requires_grad_(False)
        network.features.train(not frozen_statistics)
    return network


def _batches(count: int, recipe: Recipe, draws: torch.Generator) -> Iterator[tuple[float, Tensor]]:
    """(share of all steps done, indices of the next batch): whole batches, a new permutation each epoch."""
    size = min(recipe.batch, count)
    each = count // size
    total = max(1, round(recipe.epochs * each))
    for step in range(total):
        if step % each == 0:
            order = torch.randperm(count, generator=draws, device=draws.device)
        start = step % each * size
        yield step / total, order[start : start + size]


def _loss(
    student: Network, views: Tensor, labels: Tensor, answers: Tensor | None, recipe: Recipe, draws: torch.Generator
) -> Tensor:
    if recipe.imitates_embeddings:
        return (1 - functional.cosine_similarity(student.embed(views), answers)).mean()  # type: ignore[arg-type]
    logits = student(views).float()  # bf16 has too few digits for a temperature
    if recipe.distillation:
        return distillation_loss(logits, answers, labels, recipe.distillation)  # type: ignore[arg-type] # `fit` checks
    label_loss = partial(arcface_loss, arcface=recipe.arcface) if recipe.arcface else functional.cross_entropy
    loss = label_loss(logits, labels)
    if recipe.adversary:
        adversarial = perturb(student, views / 255, labels, recipe.adversary, draws, label_loss)
        loss = loss + label_loss(student(adversarial), labels)
    return loss


def arcface_loss(cosines: Tensor, labels: Tensor, arcface: ArcFace) -> Tensor:
    """ArcFace's Eq. 3 (Deng et al., 2019) of cosines (N, classes) to the classes' centres, as a batch mean.

    Where the widened angle would pass pi, the cosine falls on linearly, as in the authors' code.
    """
    true = cosines.gather(1, labels[:, None]).clamp(-1 + 1e-6, 1 - 1e-6)
    angle = true.arccos()
    margin = arcface.margin
    widened = torch.where(angle + margin < pi, (angle + margin).cos(), true - margin * sin(margin))
    return functional.cross_entropy(arcface.scale * cosines.scatter(1, labels[:, None], widened), labels)


def distillation_loss(logits: Tensor, answers: Tensor, labels: Tensor, distillation: Distillation) -> Tensor:
    """Eq. 7 of SAC-JC, with the KL divergence from the teacher's softened answers to the student's as a batch mean."""
    heat = distillation.temperature
    divergence = functional.kl_div(
        functional.log_softmax(logits / heat, dim=1),
        functional.log_softmax(answers / heat, dim=1),
        log_target=True,
        reduction="batchmean",
    )
    scale = heat**2 if distillation.times_temperature_squared else 1.0
    return distillation.alpha * scale * divergence + (1 - distillation.alpha) * functional.cross_entropy(logits, labels)
