"""The common form of comparisons."""

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar, NamedTuple, get_args

import numpy as np

from pipeline.core.params import Parameters
from pipeline.fingerprints.representation import Representation

FEATURES = ("fri", "fri_clean", "fri_5", "fri_10", "fri_50")
"""Methods of probes that are answered by features of n bits, which have no label."""


class Told(NamedTuple):
    """What a comparison is told: the answers of the source (P, K0) and of the suspects (S, P, K), the probes' true labels and
    targets (P,), and the answers (P, K1) of models that surely are no copies.

    K and K1 are K0 where the comparison needs `same_classes`; else each reference has a width of its own.
    """

    source: np.ndarray
    suspects: np.ndarray
    labels: np.ndarray
    targets: np.ndarray
    references: Sequence[np.ndarray] = ()

    def on(self, probes: np.ndarray) -> "Told":
        """The same on the probes at these places."""
        answers = self.source[probes], self.suspects[:, probes]
        return Told(*answers, self.labels[probes], self.targets[probes], [one[probes] for one in self.references])


class Comparing(Parameters):
    """Scores suspects against the source, in each of `representations`.

    same_classes: compares class by class, so that a suspect with other classes than the source's has no score.
    methods: the methods of probes it is for; all, if there are none. labelled: it compares the labels of answers.
    needs_references: it must be given the answers of models that are no copies, whose share of the answers it takes out.
    together: how many probes in a row belong together, such as two for pairs; a redraw takes all of them or none.
    """

    same_classes: ClassVar[bool]
    methods: ClassVar[tuple[str, ...]] = ()
    labelled: ClassVar[bool] = False
    needs_references: ClassVar[bool] = False
    together: ClassVar[int] = 1

    representations: tuple[Representation, ...] = get_args(Representation)

    def scored_on(self, method: str) -> tuple[Representation, ...]:
        """The representations in which it compares answers to probes of this method; none if it is not for them.

        Bits are compared as they are: softmax would make a feature of zeros equal to a feature of ones.
        """
        if (self.methods and method not in self.methods) or (self.labelled and method in FEATURES):
            return ()
        return tuple(one for one in self.representations if one == "logits" or method not in FEATURES)

    def __call__(self, told: Told) -> np.ndarray:
        """Scores (S,) of the suspects."""
        raise NotImplementedError

    def given(self, told: Told) -> Callable[[np.ndarray], np.ndarray]:
        """The scores (S,) as a function of which references are told, by their places among them.

        This compares anew for every choice. A comparison with a part that does not depend on it overrides it.
        """
        return lambda chosen: self(told._replace(references=[told.references[place] for place in chosen]))

    def reweighted(self, weights: np.ndarray, told: Told) -> np.ndarray:
        """Scores (R, S) on R redraws of the probes: each probe as often as its whole number in weights (R, P) says.

        This compares anew for every redraw. A comparison whose scores are sums over probes or pairs of probes overrides it with
        something quicker. The weights of probes that are `together` are the same. One that needs references is scored by
        `given` on what is `redrawn` instead.
        """
        return np.array([self(redrawn) for redrawn in self.redrawn(weights, told)])

    def redrawn(self, weights: np.ndarray, told: Told) -> Iterator[Told]:
        """What is told on each of the redraws, one after the other."""
        first = np.arange(0, len(told.source) - self.together + 1, self.together)
        blocks = first[:, None] + np.arange(self.together)
        for own in weights:
            yield told.on(np.repeat(blocks, own[first], axis=0).ravel())
