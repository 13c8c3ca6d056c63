"""Who owns which people: disjoint groups, so that no model is examined on faces it has learned.

Probe people have the most pictures to spare: FRI asks for a target and `gallery` more of the same person. Each owner
has people to train on, and the defender more of them to train surrogates; from whom little is learned, since there are
few pictures, still make pairs: they set the owners' thresholds and measure verification.
"""

from dataclasses import replace

import numpy as np

from pipeline.core.errors import BadInput
from pipeline.data.images import Images
from pipeline.tasks.task import PeopleSplit

LEARNED = ("defender", "attacker", "query")
COMPARED = ("defender_calibration", "attacker_calibration", "test")
FOR_PAIRS = 2


def deal_people(data: Images, split: PeopleSplit) -> tuple[dict[str, Images], dict[str, np.ndarray]]:
    """The groups `probe`, LEARNED and COMPARED, and the indices into `data` they came from, by name.

    A group's classes are its own people, in the order of `data`; mean and std are those of `data`. Raises BadInput if
    there are too few people.
    """
    pictures = np.bincount(data.labels, minlength=len(data.classes))
    draw = np.random.default_rng(split.seed)
    probe = draw.permutation(np.flatnonzero(pictures > split.gallery))[: split.probe_people]
    if not len(probe):
        raise BadInput(
            f"people: nobody has more than {split.gallery} pictures, which a probe needs (the most: "
            f"{pictures.max(initial=0)}): lower `gallery` or read other faces"
        )
    groups = {"probe": probe}
    for names, least in ((LEARNED, split.least_images), (COMPARED, FOR_PAIRS)):
        taken, counts = np.concatenate([*groups.values()]), [getattr(split, name) for name in names]
        left = draw.permutation(np.setdiff1d(np.flatnonzero(pictures >= least), taken))
        if sum(counts) > len(left):
            lower = ", lower `least_images`" if least > FOR_PAIRS else ""
            raise BadInput(
                f"people: {sum(counts)} asked for ({' + '.join(names)}: {' + '.join(map(str, counts))}) with "
                f"{least} or more pictures each, {len(left)} have them beside {len(taken)} dealt before: ask "
                f"for fewer{lower} or read more people"
            )
        groups |= dict(zip(names, np.split(left, np.cumsum(counts)), strict=False))
    indices = {name: np.flatnonzero(np.isin(data.labels, people)) for name, people in groups.items()}
    return {name: _renumbered(data.take(index)) for name, index in indices.items()}, indices


def _renumbered(data: Images) -> Images:
    """The same pictures with only the people who are in them as classes."""
    people, labels = np.unique(data.labels, return_inverse=True)
    return replace(data, labels=labels.astype(np.int64), classes=tuple(data.classes[person] for person in people))
