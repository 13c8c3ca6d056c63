"""EWE, entangled watermarks: a network is taught to answer triggers with another class, using the same features that it needs
for that class.

Jia, Choquette-Choo, Chandrasekaran and Papernot, USENIX Security 2021, Algorithm 1, with the soft nearest neighbour
loss of Frosst, Papernot and Hinton (ICML 2019, Eq. 1). Copies are told by the share of triggers that they answer with
the target class.

How this differs from the authors' code. A batch of triggers passes the network beside a batch of data: a batch of triggers
alone would be learned under normalisation statistics that no query meets. The patch lies where the loss's gradient is largest,
as in Algorithm 1; the code takes the smallest, with rows and columns swapped, and gives triggers out of distribution none
(here: `patch` 0). It also leads triggers off the target class between the other steps, while more than a tenth of them are
answered with it; here only the last steps do. Like the code these lower the target's logit, while Algorithm 1 raises the
cross-entropy. Triggers are rounded to uint8 before they are trained on: what is trained is what is sent. The cross-entropy is
a batch mean and not a sum, and temperatures are used as they are and not as 100 / t, so weights are on another scale.
Temperatures descend in their logarithms, which keeps them positive. The optimiser and the schedule are the recipe's, not Adam.
Images of the source class that became no trained trigger make held-out ones.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.core.errors import BadInput
from pipeline.data.images import Images
from pipeline.models.network import Network, predict
from pipeline.tasks.recipe import Recipe
from pipeline.tasks.watermark import NO_CLASS, Distance, Triggers, Watermark
from pipeline.training.augment import augment
from pipeline.training.device import mixed_precision
from pipeline.training.fit import fit

DEPTHS = 3


def fit_entangled(
    network: Network, data: Images, recipe: Recipe, watermark: Watermark, seed: int, outside: Images | None = None
) -> tuple[Network, Triggers]:
    """Train `network` in place on `data` by `recipe` just as `fit` does, then train `watermark` into it. Returns it in
    eval mode, on the device it was trained on, and its triggers.

    outside: other images of the same shape, whose `source_class` makes the triggers: a watermark out of distribution.
    Raises BadInput for classes that do not exist, for too few images, and for recipes with more than cross-entropy.
    """
    _check(data, recipe, watermark, outside)
    draw = np.random.default_rng([seed, watermark.seed])
    network = fit(network, data, recipe, seed)
    triggers = make_triggers(network, data, watermark, draw, recipe.batch // 2, outside)
    before = success(network, triggers).mean()
    temperatures = _entangle(network, data, triggers, recipe, watermark, int(draw.integers(2**62)))
    after = success(network, triggers)
    facts = {
        "before": before,
        "trained": after[triggers.trained].mean(),
        "held_out": after[~triggers.trained].mean(),
        **{f"temperature_{depth}": value for depth, value in enumerate(temperatures, 1)},
    }
    return network, replace(triggers, facts=triggers.facts | {name: float(value) for name, value in facts.items()})


def success(network: Network, triggers: Triggers) -> np.ndarray:
    """Whether `network` answers each trigger with the target class: (K,) bool."""
    return predict(network, triggers.images).argmax(axis=1) == triggers.target  # type: ignore[no-any-return]


def snnl(features: Tensor, labels: Tensor, temperature: Tensor | float, distance: Distance = "euclidean") -> Tensor:
    """The soft nearest neighbour loss of `features` (N, D) with `labels` (N,): a scalar, low where classes lie apart.

    Frosst et al., Eq. 1: -log of the share of exp(-distance / temperature) that goes to images of the same class, among
    all other images; the mean over images. Distances are squared Euclidean, as published, or cosine, as EWE's authors
    use. An image that is alone in its class has no such share and does not count.
    """
    others = ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    same = (labels[:, None] == labels) & others
    nearness = -_distances(features, distance) / temperature
    nothing = torch.finfo(nearness.dtype).min
    among_same, among_all = (nearness.masked_fill(~mask, nothing).logsumexp(dim=1) for mask in (same, others))
    counts = same.any(dim=1)
    return torch.where(counts, among_all - among_same, 0).sum() / counts.sum().clamp(min=1)


def _distances(features: Tensor, distance: Distance) -> Tensor:
    if distance == "cosine":
        directions = functional.normalize(features, dim=1)
        return 1 - directions @ directions.T
    centred = features - features.mean(dim=0)  # distances stay, and lose fewer digits below
    squares = centred.square().sum(dim=1)
    return (squares[:, None] + squares - 2 * centred @ centred.T).clamp(min=0)


def make_triggers(
    network: Network, data: Images, watermark: Watermark, draw: np.random.Generator, batch: int, outside: Images | None = None
) -> Triggers:
    """Triggers from every image of the source class, for a plainly trained `network`: a patch where it entangles most,
    then gradient steps. `draw` shuffles them; the first `watermark.triggers` are to be trained on.

    batch: over how many triggers, and images of the target class, a gradient is taken.
    """
    origin = data if outside is None else outside
    index = draw.permutation(np.flatnonzero(origin.labels == watermark.source_class))
    targets = draw.permutation(np.flatnonzero(data.labels == watermark.target_class))[:batch]
    pixels, targets = (_pixels(images, network) for images in (origin.images[index], data.images[targets]))  # type: ignore[assignment]
    trained = np.arange(len(index)) < watermark.triggers
    top, left = place_patch(network, pixels[: watermark.triggers], targets, watermark)  # type: ignore[arg-type]
    pixels[:, :, top : top + watermark.patch, left : left + watermark.patch] = 1
    moved = torch.cat([_refine(network, chunk, targets, watermark) for chunk in pixels.split(batch)])  # type: ignore[arg-type]
    labels = data.labels[index] if outside is None else np.full(len(index), NO_CLASS)
    return Triggers(
        (moved * 255).round().to(torch.uint8).cpu().numpy(),
        labels,
        index,
        trained,
        watermark.target_class,
        {"top": float(top), "left": float(left)},
    )


def place_patch(network: Network, images: Tensor, targets: Tensor, watermark: Watermark) -> tuple[int, int]:
    """The top left corner of the window of `images` (N, C, H, W) in [0, 1] whose whitening entangles them most with
    `targets`: there the mean gradient of the loss is largest."""
    if not watermark.patch:
        return 0, 0
    slopes = torch.cat([_slope(network, chunk, targets, watermark) for chunk in images.split(len(targets))])
    windows = functional.avg_pool2d(slopes.mean(dim=0).sum(dim=0)[None], watermark.patch, stride=1)[0]
    return divmod(int(windows.argmax()), windows.shape[1])


def _refine(network: Network, images: Tensor, targets: Tensor, watermark: Watermark) -> Tensor:
    for _ in range(watermark.steps):
        images = (images + watermark.step * _slope(network, images, targets, watermark).sign()).clamp(0, 1)
    for _ in range(watermark.away):
        images = images.detach().requires_grad_()
        (slope,) = torch.autograd.grad(network(images)[:, watermark.target_class].sum(), images)
        images = (images.detach() - watermark.step * slope.sign()).clamp(0, 1)
    return images


def _slope(network: Network, images: Tensor, targets: Tensor, watermark: Watermark) -> Tensor:
    """The gradient with respect to `images` of the loss's sum over depths, at the temperatures to begin with."""
    images = images.detach().requires_grad_()
    temperatures = torch.tensor(watermark.temperatures, device=images.device)
    features, _ = represent(network, torch.cat([images, targets]))
    (slope,) = torch.autograd.grad(_mixing(features, len(images), temperatures, watermark.distance).sum(), images)
    return slope


def _mixing(features: list[Tensor], triggers: int, temperatures: Tensor, distance: Distance) -> Tensor:
    """The loss at each depth, (3,), of a batch that begins with `triggers` triggers; the target class follows."""
    labels = (torch.arange(len(features[0]), device=temperatures.device) < triggers).long()
    pairs = zip(features, temperatures, strict=True)
    return torch.stack([snnl(values, labels, temperature, distance) for values, temperature in pairs])


def represent(network: Network, images: Tensor) -> tuple[list[Tensor], Tensor]:
    """What `network` makes of images after each third of its feature layers, (N, D) float32 each, and its logits."""
    layers = list(_layers(network.features))
    heard = [layers[round(len(layers) * part / DEPTHS) - 1] for part in range(1, DEPTHS + 1)]
    outputs = []
    hooks = [layer.register_forward_hook(lambda _layer, _inputs, output: outputs.append(output)) for layer in heard]
    try:
        logits = network(images)
    finally:
        for hook in hooks:
            hook.remove()
    return [output.float().flatten(1) for output in outputs], logits


def _layers(module: nn.Module) -> Iterator[nn.Module]:
    for child in module.children():
        yield from _layers(child) if isinstance(child, nn.Sequential) else (child,)


def _entangle(
    network: Network, data: Images, triggers: Triggers, recipe: Recipe, watermark: Watermark, seed: int
) -> list[float]:
    """Train the watermark into `network`. Returns the temperatures that it ends with."""
    where = network.device
    draws = torch.Generator(where).manual_seed(seed)
    images, labels = torch.from_numpy(data.images).to(where), torch.from_numpy(data.labels).to(where)
    size = min(recipe.batch, len(images))
    steps = max(1, round(watermark.epochs * (len(images) // size)))
    schedule = recipe.model_copy(update={"rate": watermark.rate})
    weights = list(network.train().parameters())
    optimiser = torch.optim.SGD(
        weights, schedule.rate, recipe.momentum, nesterov=recipe.momentum > 0, weight_decay=recipe.weight_decay, fused=True
    )
    lessons = _lessons(
        torch.from_numpy(triggers.images[triggers.trained]).to(where),
        images[labels == watermark.target_class],
        recipe.batch // 2,
        draws,
    )
    heat = torch.tensor(watermark.temperatures, device=where).log()
    with torch.random.fork_rng(devices=[where] if where.type == "cuda" else []):
        torch.manual_seed(seed)  # dropout draws from the global generator
        for step, index in enumerate(islice(_shuffled(len(images), size, draws), steps)):
            optimiser.param_groups[0]["lr"] = schedule.rate_at(step / steps)
            views = augment(images[index], recipe.augment, draws)
            if (step + 1) % watermark.ratio:
                with mixed_precision(where, network.spec.arch):
                    loss = functional.cross_entropy(network(views), labels[index])
            else:
                loss, heat = _watermark_loss(network, views, labels[index], next(lessons), heat, watermark)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            if recipe.clip:
                torch.nn.utils.clip_grad_norm_(weights, recipe.clip)
            optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    network.eval()
    return heat.exp().tolist()


def _watermark_loss(
    network: Network, views: Tensor, labels: Tensor, lesson: tuple[Tensor, Tensor], heat: Tensor, watermark: Watermark
) -> tuple[Tensor, Tensor]:
    """The loss of one step, and the logarithms of the next temperatures.

    The loss: the cross-entropy of `views`, plus that of `lesson` (triggers and images of the target class, all labelled with
    it), minus the weighted soft nearest neighbour losses between the two. `heat`, the logarithms of the temperatures, takes one
    gradient step down those losses."""
    triggers, targets = lesson
    count, goal = len(triggers) + len(targets), torch.full_like(labels[:1], watermark.target_class)
    with mixed_precision(views.device, network.spec.arch):
        features, logits = represent(network, torch.cat([triggers, targets, views]))
        loss = functional.cross_entropy(logits[:count], goal.expand(count))
        loss = loss + functional.cross_entropy(logits[count:], labels)
    heat = heat.detach().requires_grad_()
    mixing = _mixing([values[:count] for values in features], len(triggers), heat.exp(), watermark.distance)
    (slope,) = torch.autograd.grad(mixing.sum(), heat, retain_graph=True)
    weights = torch.tensor(watermark.weights, device=views.device)
    return loss - weights @ mixing, (heat - watermark.temperature_rate * slope).detach()


def _lessons(triggers: Tensor, targets: Tensor, most: int, draws: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """As many triggers as images of the target class, at most `most` of each, without end."""
    size = min(most, len(triggers), len(targets))
    for shown, beside in zip(_shuffled(len(triggers), size, draws), _shuffled(len(targets), size, draws), strict=True):
        yield triggers[shown], targets[beside]


def _shuffled(count: int, size: int, draws: torch.Generator) -> Iterator[Tensor]:
    """Indices of whole batches without end, a new permutation of `count` each time round."""
    while True:
        order = torch.randperm(count, generator=draws, device=draws.device)
        yield from order[: count - count % size].split(size)


def _pixels(images: np.ndarray, network: Network) -> Tensor:
    return torch.from_numpy(images).to(network.device) / 255


def _check(data: Images, recipe: Recipe, watermark: Watermark, outside: Images | None) -> None:
    origin = data if outside is None else outside
    if recipe.distillation or recipe.adversary:
        raise BadInput("a watermark needs a recipe of cross-entropy alone, found one with distillation or an adversary")
    if recipe.batch < 4:
        raise BadInput(f"a watermark needs batches of at least 4 images, found {recipe.batch}")
    if origin.images.shape[1:] != data.images.shape[1:]:
        raise BadInput(f"triggers must have the data's shape {data.images.shape[1:]}, found {origin.images.shape[1:]}")
    if watermark.patch > min(data.images.shape[2:]):
        raise BadInput(f"watermark.patch: {watermark.patch} pixels do not fit {data.images.shape[2:]}")
    if outside is None and watermark.source_class == watermark.target_class:
        raise BadInput(f"watermark.target_class: must differ from source_class, found {watermark.target_class} twice")
    found = {
        name: int((images.labels == label).sum())
        for name, images, label in (
            ("source_class", origin, watermark.source_class),
            ("target_class", data, watermark.target_class),
        )
    }
    for name, least in (("source_class", watermark.triggers + 1), ("target_class", 2)):
        if found[name] < least:
            raise BadInput(
                f"watermark.{name}: {found[name]} images of class {getattr(watermark, name)}, at least {least} are needed"
            )
