"""Face verification: pairs of pictures, the threshold above which two show the same person, and how often it is right.

Huang et al., Labeled Faces in the Wild, 2007: how pairs are drawn, and a threshold from nine folds judged on the tenth.
Knows no torch: embeddings are arrays.
"""

from collections.abc import Callable, Iterable

import numpy as np

from pipeline.core.errors import BadInput


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The cosine of each row of `a` (N, D) with the same row of `b` (N, D): (N,) float64. That of a row of zeros is 0."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.einsum("nd,nd->n", a, b) / np.where(lengths > 0, lengths, 1)  # type: ignore[no-any-return]


def seeded_pairs(labels: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`count` different pairs of pictures of the people `labels` (N,): first (count,) < second (count,), indices of
    pictures, and same (count,) bool, true for the first half.

    As LFW's were drawn: a person, then two pictures; or two people, then a picture of each; people with more pictures
    come no more often. Raises BadInput if `count` is odd or there are fewer such pairs.
    """
    people = [np.flatnonzero(labels == person) for person in np.unique(labels)]
    several = [pictures for pictures in people if len(pictures) > 1]
    same = sum(len(pictures) * (len(pictures) - 1) // 2 for pictures in people)
    different = len(labels) * (len(labels) - 1) // 2 - same
    if count % 2 or count // 2 > min(same, different):
        raise BadInput(
            f"expected an even number of pairs, at most {2 * min(same, different)}, found {count}: "
            f"{len(people)} people have {same} pairs of the same and {different} of different ones"
        )
    draw = np.random.default_rng(seed)

    def one_person() -> np.ndarray:
        return draw.choice(several[draw.integers(len(several))], 2, replace=False)

    def two_people() -> list[int]:
        return [draw.choice(people[person]) for person in draw.choice(len(people), 2, replace=False)]

    pairs = _unlike(one_person, count // 2) + _unlike(two_people, count // 2)
    first, second = np.array(pairs, np.int64).reshape(count, 2).T
    return first, second, np.arange(count) < count // 2


def _unlike(drawn: Callable[[], Iterable[int]], count: int) -> list[tuple[int, int]]:
    """The first `count` different pairs that `drawn` gives, each in ascending order."""
    pairs = {}  # type: dict[tuple[int, ...], None]
    while len(pairs) < count:
        pairs[tuple(sorted(map(int, drawn())))] = None
    return list(pairs)  # type: ignore[arg-type] # of two


def best_threshold(scores: np.ndarray, same: np.ndarray) -> float:
    """The threshold with the highest accuracy when a pair counts as the same person at a score of at least it.

    scores (N,), same (N,) bool. It lies halfway between two neighbouring scores. If several such places are equally
    accurate, it lies in the widest gap, and of equally wide ones in the lowest. If calling all pairs the same person is more
    accurate than any of them, it is the lowest score; if calling none the same person is, it lies just above the highest.

    >>> best_threshold(np.array([0.1, 0.3, 0.7, 0.9]), np.array([False, False, True, True]))
    0.5
    """
    order = np.argsort(scores, kind="stable")
    values, truth = scores[order].astype(np.float64), same[order].astype(np.int64)
    right = np.r_[0, np.cumsum(1 - truth)] + np.r_[0, np.cumsum(truth[::-1])][::-1]
    gaps = np.r_[0, np.diff(values), 0]  # before each place where the order may be cut; none between equal scores
    cuts = (gaps > 0) | (np.arange(len(gaps)) % len(values) == 0)
    cut = int(np.where(cuts & (right == right[cuts].max()), gaps, -1).argmax())
    if cut in (0, len(values)):
        return float(values[0] if cut == 0 else np.nextafter(values[-1], np.inf))
    return _between(values[cut - 1], values[cut])


def equal_error_threshold(scores: np.ndarray, same: np.ndarray) -> float:
    """The threshold at which pairs of two people are accepted as often as pairs of one person are refused.

    scores (N,), same (N,) bool, with pairs of both kinds; a pair is accepted at a score of at least the threshold. It lies
    halfway between two scores: the lowest at which the share wrongly accepted is at most the share wrongly refused, and the
    next lower one.
    """
    values = np.unique(scores.astype(np.float64))
    refused, rightly = (np.searchsorted(np.sort(scores[kind]), values) for kind in (same, ~same))
    persons, others = same.sum(), (~same).sum()
    crossed = np.flatnonzero(refused * others >= (others - rightly) * persons)
    if not len(crossed):
        return float(np.nextafter(values[-1], np.inf))
    place = int(crossed[0])
    return _between(values[place - 1], values[place]) if place else float(values[0])


def _between(low: float, high: float) -> float:
    """Halfway between two numbers, and above the lower."""
    middle = (low + high) / 2
    return float(middle if middle > low else high)


def cross_validated_accuracy(scores: np.ndarray, same: np.ndarray, folds: int = 10, seed: int = 0) -> tuple[float, float]:
    """(mean, standard error) over folds of how often `best_threshold` of the other folds is right about a fold's pairs.

    scores (N,), same (N,) bool. Each fold gets as many pairs of either kind; `seed` deals them out. Unlike LFW's, folds
    may share people: a threshold is all that is fitted. Raises BadInput if a fold would lack a kind.
    """
    fewest = min(int(same.sum()), int((~same).sum()))
    if not 2 <= folds <= fewest:
        raise BadInput(f"expected 2 to {fewest} folds, for there are {fewest} pairs of a kind, found {folds}")
    scores = scores.astype(np.float64)
    draw, fold = np.random.default_rng(seed), np.empty(len(same), np.int64)
    for kind in (same, ~same):
        fold[kind] = draw.permutation(np.arange(kind.sum()) % folds)
    shares = [
        ((scores[fold == place] >= best_threshold(scores[fold != place], same[fold != place])) == same[fold == place]).mean()
        for place in range(folds)
    ]
    return float(np.mean(shares)), float(np.std(shares, ddof=1) / np.sqrt(folds))
