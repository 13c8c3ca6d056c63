"""Who owns which people: disjoint groups, so that no model is examined on faces it has learned.

Probe people have the most pictures to spare: FRI asks for a target and `references` more of the same person. Test people
measure verification. Each owner has people to train on and others to set his threshold with; the defender's query
people train surrogates.
"""

from dataclasses import replace

import numpy as np

from pipeline.benchmark import PeopleSplit
from pipeline.data.images import Images
from pipeline.errors import BadInput

GROUPS = ("test", "defender", "attacker", "defender_calibration", "attacker_calibration", "query")


def deal_people(data: Images, how: PeopleSplit) -> tuple[dict[str, Images], dict[str, np.ndarray]]:
    """The groups `probe` and GROUPS, and the indices into `data` they came from, by name.

    A group's classes are its own people, in the order of `data`; mean and std are those of `data`. Raises BadInput if
    there are too few people.
    """
    pictures = np.bincount(data.labels, minlength=len(data.classes))
    draw = np.random.default_rng(how.seed)
    probe = draw.permutation(np.flatnonzero(pictures >= max(how.references + 1, how.least_images)))[:how.probe_people]
    if not len(probe):
        raise BadInput(f"people: nobody has more than {how.references} pictures, which a probe needs (the most: "
                       f"{pictures.max(initial=0)}): lower `references` or read other faces")
    rest = draw.permutation(np.setdiff1d(np.flatnonzero(pictures >= how.least_images), probe))
    counts = [getattr(how, name) for name in GROUPS]
    if sum(counts) > len(rest):
        raise BadInput(f"people: {sum(counts)} asked for ({' + '.join(map(str, counts))}) with {how.least_images} or more "
                       f"pictures each, {len(rest)} have them beside {len(probe)} probe people: ask for fewer, lower "
                       "`least_images` or read more people")
    groups = {"probe": probe, **dict(zip(GROUPS, np.split(rest, np.cumsum(counts)), strict=False))}
    indices = {name: np.flatnonzero(np.isin(data.labels, people)) for name, people in groups.items()}
    return {name: _renumbered(data.take(index)) for name, index in indices.items()}, indices


def _renumbered(data: Images) -> Images:
    """The same pictures with only the people who are in them as classes."""
    people, labels = np.unique(data.labels, return_inverse=True)
    return replace(data, labels=labels.astype(np.int64), classes=tuple(data.classes[person] for person in people))
