"""Conferrable adversarial examples (CAE): mistakes that the source shares with its copies, and with no other model.

Lukas, Zhang, Kerschbaum, ICLR 2021, "Conferrable Ensemble Method". Surrogates have learned the source's answers,
references true labels. The conferrable score of class y is Surr(x)_y (1 - Ref(x)_y), Surr and Ref being mean
probabilities. The source itself is in neither mean: it has terms of its own in the loss.
No code of the authors is known; the defaults are those of a reimplementation (ayberkuckun/DNN-Fingerprinting). It
clips probabilities at 1e-7; here logarithms are exact: converged models answer 0 or 1, where a clipped one has no
gradient. Models are asked one by one: torch.func.vmap serves one architecture, and took 1.3 to 2.2 times as long on
a CPU.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from pipeline.core.errors import BadInput
from pipeline.core.params import Parameters, Seed
from pipeline.data.images import Images
from pipeline.probes.probe_set import DefenderModels, ProbeSet, probe_set
from pipeline.tasks.recipe import Share
from pipeline.tasks.task import Count

if TYPE_CHECKING:
    from torch import Tensor

    from pipeline.models.network import Network

Weight = Annotated[float, Field(ge=0, le=100_000)]
Aim = Literal["next", "predicted"]


class Weights(Parameters):
    """The factors of the three terms of `conferrable_loss`, in its order."""

    conferrable: Weight = 1.0
    adversarial: Weight = 1.0
    agreeing: Weight = 1.0


class Family(Parameters):
    """`cae`: of `candidates` images that the source labels right, those that become conferrable.

    epsilon: the largest change of a pixel; rate: Adam's, over `steps`; both in units of the pixel range, [0, 1].
    dropout: how likely a step leaves out a surrogate or a reference; at least one of each takes part. threshold: the
    conferrable score that an example must reach. batch: how many are perturbed at once, for memory.
    aim: the class whose score the loss raises: the source's `predicted` one, as the reimplementation has it, or its
    `next`, the likeliest but for its label of the clean image. They are the same once the source is fooled; before,
    `predicted` raises the score of the clean label itself, and with converged models few images ever leave it.
    Fewer than `minimum` examples are an error; more than `count` are drawn from. With a minimum of 0, a task whose models
    let none through goes on without CAE, as models do that are trained too short to be sure of anything.
    """

    tasks: ClassVar = ("classification",)
    methods: ClassVar = ("cae",)

    count: Count
    minimum: Annotated[int, Field(ge=0, le=10_000_000)]
    candidates: Count
    epsilon: Annotated[float, Field(gt=0, le=1)] = 0.15
    rate: Annotated[float, Field(gt=0, le=1)] = 5e-4
    steps: Count = 100
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    threshold: Share = 0.85
    weights: Weights = Weights()
    aim: Aim = "next"
    batch: Count = 256
    seed: Seed = 0
    held_out: Literal["pool", "accuracy"] = "pool"

    @model_validator(mode="after")
    def _enough_candidates(self) -> "Family":
        if not self.minimum <= self.count <= self.candidates:
            raise ValueError(f"expected minimum <= count <= candidates, found {self.minimum}, {self.count}, {self.candidates}")
        return self

    def __call__(self, held_out: Images, models: DefenderModels) -> list[ProbeSet]:
        """The one set. Raises BadInput where models are missing or do not fit, or too few examples are accepted.

        Its facts: asked_for, the count; candidates; how often surrogates_agree and references_agree with the source on
        the probes; and of all candidates how many are accepted, the mean of the largest conferrable score, and the
        share adversarial to the source, each also `_before` rounding to uint8.
        """
        ensemble = load_ensemble(models)
        draw = np.random.default_rng(self.seed)
        index = self._candidates(held_out, ensemble.source, draw)
        clean, labels = held_out.images[index], held_out.labels[index]
        moved = self._perturbed(ensemble, clean, draw)
        images = quantise(moved, clean, self.epsilon)
        before, after = judge(ensemble, moved, labels), judge(ensemble, images, labels)
        chosen = self._chosen(after)
        chosen = chosen[np.argsort(index[chosen])]
        return [probe_set("cae", images[chosen], labels[chosen], index[chosen], None, **self._facts(before, after, chosen))]

    def _candidates(self, held_out: Images, source: "Network", draw: np.random.Generator) -> np.ndarray:
        from pipeline.models.network import predict

        right = np.flatnonzero(predict(source, held_out.images).argmax(axis=1) == held_out.labels)
        if len(right) < self.candidates:
            raise BadInput(
                f"probes.conferrable.candidates: {self.candidates} asked for, the source labels "
                f"{len(right)} of {len(held_out)} images right: lower it or enlarge the {self.held_out}"
            )
        return draw.permutation(right)[: self.candidates]

    def _chosen(self, judged: "Judgement") -> np.ndarray:
        """The first of the accepted: candidates lie in random order."""
        accepted = np.flatnonzero(judged.accepted(self.threshold))
        if len(accepted) < self.minimum:
            raise BadInput(
                f"probes.conferrable: {len(accepted)} of {self.candidates} candidates fool the source with "
                f"a conferrable score of {self.threshold} or more, at least {self.minimum} are needed: "
                "raise candidates, epsilon, rate or weights.conferrable, or lower threshold or minimum"
            )
        return accepted[: self.count]

    def _facts(self, before: "Judgement", after: "Judgement", chosen: np.ndarray) -> dict[str, float]:
        facts = {"asked_for": self.count, "candidates": self.candidates}
        if len(chosen):
            facts |= {"surrogates_agree": after.surrogates[chosen].mean(), "references_agree": after.references[chosen].mean()}
        for suffix, judged in (("", after), ("_before", before)):
            facts |= {
                f"accepted{suffix}": judged.accepted(self.threshold).sum(),
                f"score{suffix}": judged.scores.mean(),
                f"adversarial{suffix}": judged.adversarial.mean(),
            }
        return {name: float(value) for name, value in facts.items()}

    def _perturbed(self, ensemble: "Ensemble", clean: np.ndarray, draw: np.random.Generator) -> np.ndarray:
        import torch

        pixels = torch.from_numpy(clean).to(ensemble.source.device) / 255
        stay = [self._staying(len(networks), draw) for networks in (ensemble.surrogates, ensemble.references)]
        return torch.cat([self._perturb(ensemble, batch, *stay) for batch in pixels.split(self.batch)]).cpu().numpy()

    def _staying(self, models: int, draw: np.random.Generator) -> np.ndarray:
        """(steps, models) bool: which models take part in which step."""
        stay = draw.random((self.steps, models)) >= self.dropout
        stay[np.arange(self.steps), draw.integers(models, size=self.steps)] |= ~stay.any(axis=1)
        return stay

    def _perturb(
        self, ensemble: "Ensemble", pixels: "Tensor", surrogates_stay: np.ndarray, references_stay: np.ndarray
    ) -> "Tensor":
        import torch

        lowest, highest = (pixels - self.epsilon).clamp(0, 1), (pixels + self.epsilon).clamp(0, 1)
        with torch.no_grad():
            clean = ensemble.source(pixels)
        moved = pixels.clone().requires_grad_()
        optimiser = torch.optim.Adam([moved], self.rate)
        for surrogates, references in zip(surrogates_stay, references_stay, strict=True):
            loss = conferrable_loss(
                ensemble.source(moved),
                clean,
                _ask(ensemble.surrogates, surrogates, moved),
                _ask(ensemble.references, references, moved),
                self.weights,
                self.aim,
            )
            (moved.grad,) = torch.autograd.grad(loss.sum(), moved)
            optimiser.step()
            with torch.no_grad():
                moved.clamp_(lowest, highest)
        return moved.detach()


@dataclass(frozen=True)
class Ensemble:
    """The defender's models on the training device, in eval mode, with weights that take no gradient."""

    source: "Network"
    surrogates: list["Network"]
    references: list["Network"]


@dataclass(frozen=True)
class Judgement:
    """What an ensemble says of N images, each array (N,).

    adversarial: whether the source's label is no longer the clean image's; scores: the largest conferrable score of
    any class; surrogates, references: the share of them that give the source's label.
    """

    adversarial: np.ndarray
    scores: np.ndarray
    surrogates: np.ndarray
    references: np.ndarray

    def accepted(self, threshold: float) -> np.ndarray:
        """(N,) bool: adversarial, and conferrable enough."""
        return self.adversarial & (self.scores >= threshold)


def load_ensemble(models: DefenderModels) -> Ensemble:
    """Read all models. Raises BadInput where there are none of a kind, or one has other classes than the source."""
    from pipeline.models.network import load
    from pipeline.training.device import device

    def ready(path: Path) -> "Network":
        return load(path).to(device()).requires_grad_(False)

    source, loaded = ready(models.source), {}
    for kind, paths in (("surrogates", models.surrogates), ("references", models.references)):
        if not paths:
            raise BadInput(f"probes.conferrable: CAE needs {kind}, the task has none: set task.TASK.{kind}")
        loaded[kind] = [ready(path) for path in paths]
        for path, network in zip(paths, loaded[kind], strict=True):
            if network.spec.classes != source.spec.classes:
                raise BadInput(
                    f"{path}: classes {_shown(network)}, but the source has {_shown(source)}: "
                    f"train the {kind} on the source's classes"
                )
    return Ensemble(source, **loaded)


def judge(ensemble: Ensemble, images: np.ndarray, labels: np.ndarray) -> Judgement:
    """The verdict on images (N, C, H, W), uint8 or float in [0, 1]; labels (N,) are the source's of the clean ones."""
    from pipeline.models.network import predict

    found = predict(ensemble.source, images).argmax(axis=1)
    surrogates, references = (
        np.stack([predict(network, images) for network in networks]) for networks in (ensemble.surrogates, ensemble.references)
    )
    agree = [(logits.argmax(axis=2) == found).mean(axis=0) for logits in (surrogates, references)]
    return Judgement(found != labels, conferrable_scores(surrogates, references).max(axis=1), *agree)


def conferrable_scores(surrogates: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Surr_y (1 - Ref_y) of each class, (N, classes) in [0, 1], from logits (S, N, classes) and (R, N, classes)."""
    from scipy.special import softmax

    scores: np.ndarray = softmax(surrogates, axis=2).mean(axis=0) * (1 - softmax(references, axis=2).mean(axis=0))
    return scores


def conferrable_loss(
    source: "Tensor", clean: "Tensor", surrogates: "Tensor", references: "Tensor", weights: Weights, aim: Aim
) -> "Tensor":
    """The loss (N,) of each perturbed image: CE(1, score_y) - CE(source clean, source) + CE(source, Surr), weighted.

    From logits: source (N, classes), surrogates (S, N, classes) and references (R, N, classes) of the perturbed images,
    clean (N, classes) the source's of the clean ones. CE(p, q) is the expectation of -log q under p; score_y the
    conferrable score of the class that `aim` says.
    """
    answers, copied = source.log_softmax(dim=1), _log_mean(surrogates.log_softmax(dim=2))
    eligible = source.scatter(1, clean.argmax(dim=1, keepdim=True), -float("inf")) if aim == "next" else source
    chosen = eligible.argmax(dim=1, keepdim=True)
    others = references.log_softmax(dim=2).scatter(2, chosen.expand(len(references), -1, -1), -float("inf"))
    unlike = _log_mean(others.logsumexp(dim=2))  # log(1 - Ref_y): the mean probability of all other classes
    conferrable = -copied.gather(1, chosen).squeeze(1) - unlike
    adversarial = -(clean.softmax(dim=1) * answers).sum(dim=1)
    agreeing = -(answers.exp() * copied).sum(dim=1)
    return weights.conferrable * conferrable - weights.adversarial * adversarial + weights.agreeing * agreeing


def quantise(moved: np.ndarray, clean: np.ndarray, epsilon: float) -> np.ndarray:
    """The uint8 images nearest to `moved`, in [0, 1], among those within epsilon of `clean`, uint8."""
    room = int(255 * epsilon + 1e-9)
    near = clean.astype(np.int16)
    nearest: np.ndarray = np.rint(255 * moved).clip(near - room, near + room)
    return nearest.astype(np.uint8)


def _ask(networks: list["Network"], stay: np.ndarray, images: "Tensor") -> "Tensor":
    import torch

    return torch.stack([network(images) for network, asked in zip(networks, stay, strict=True) if asked])


def _log_mean(logs: "Tensor") -> "Tensor":
    return logs.logsumexp(dim=0) - float(np.log(len(logs)))


def _shown(network: "Network") -> str:
    classes = network.spec.classes
    return f"{', '.join(classes[:3])}{', ...' if len(classes) > 3 else ''} ({len(classes)})"
