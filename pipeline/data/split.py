"""Who owns which image: five disjoint, stratified sets, and the attacker's other data.

The defender's half trains the source; the query share, his alone, trains surrogates; the attacker's half
trains all suspects; probe pool and accuracy set train nothing.
"""

from dataclasses import replace

import numpy as np

from pipeline.core.errors import BadInput
from pipeline.data.corrupt import CORRUPTIONS, corrupt
from pipeline.data.images import Images
from pipeline.data.resize import resized
from pipeline.tasks.task import Corrupted, Split, Transfer

TRAINING = ("defender", "attacker", "query")
HELD_OUT = ("pool", "accuracy")


def deal(train: Images, test: Images, split: Split) -> tuple[dict[str, Images], dict[str, np.ndarray]]:
    """The five sets and the indices they came from, by name.

    Training sets share the mean and std of `train`. Raises BadInput if a data set is too small for what is asked.
    """
    sets, indices = {}, {}
    for data, names, side in ((train, TRAINING, "training"), (test, HELD_OUT, "test")):
        counts = [getattr(split, name) for name in names]
        shares = stratified(data.labels, counts, len(data.classes), split.seed, side)
        for name, index in zip(names, shares, strict=True):
            sets[name], indices[name] = data.take(index), index
    return sets, indices


def stratified(labels: np.ndarray, counts: list[int], classes: int, seed: int, side: str) -> list[np.ndarray]:
    """Disjoint index sets of the given sizes in which every class has its share, up to one image."""
    if sum(counts) > len(labels):
        raise BadInput(
            f"split: {sum(counts)} {side} images asked for ({' + '.join(map(str, counts))}), the data set has {len(labels)}"
        )
    draw = np.random.default_rng(seed)
    waiting = [draw.permutation(np.flatnonzero(labels == label)) for label in range(classes)]
    shares, left = [], len(labels)
    for count in counts:
        quotas = _quotas(np.array([len(queue) for queue in waiting]), count, left)
        shares.append(draw.permutation(np.concatenate([queue[:n] for queue, n in zip(waiting, quotas, strict=True)])))
        waiting = [queue[n:] for queue, n in zip(waiting, quotas, strict=True)]
        left -= count
    return shares


def target_sets(train: Images, test: Images, like: Images, transfer: Transfer, seed: int) -> tuple[Images, Images]:
    """The transfer data set for training and for accuracy, with the shape of the task's images."""
    (index,) = stratified(train.labels, [transfer.train], len(train.classes), seed, "transfer training")
    (held,) = stratified(test.labels, [transfer.accuracy], len(test.classes), seed, "transfer test")
    channels, size = like.images.shape[1], like.images.shape[-1]
    return resized(train.take(index), channels, size), resized(test.take(held), channels, size)


def corrupted(data: Images, corruption: Corrupted, seed: int) -> Images:
    """Every image with one of the 14 corruptions, in turn: labels and normalisation stay."""
    order = np.random.default_rng(seed).permutation(len(data))
    images = data.images.copy()
    for place, name in enumerate(CORRUPTIONS):
        index = order[place :: len(CORRUPTIONS)]
        if len(index):
            images[index] = corrupt(data.images[index], name, corruption.severity, seed + place)
    return replace(data, images=images)


def _quotas(available: np.ndarray, count: int, left: int) -> np.ndarray:
    """Shares of `count` proportional to what each class has left, rounded so that they add up."""
    exact = available * (count / left)
    quotas = np.floor(exact).astype(int)
    for label in np.argsort(quotas - exact, kind="stable")[: count - quotas.sum()]:
        quotas[label] += 1
    return quotas
