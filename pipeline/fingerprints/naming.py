"""Which fingerprints params.yaml names, and what their parts are called."""

from pipeline.core.errors import BadInput, unknown
from pipeline.core.names import module
from pipeline.core.params import FILE, Parameters, read
from pipeline.fingerprints.comparing import Comparing
from pipeline.fingerprints.references import KINDS, NONE, Kind
from pipeline.fingerprints.representation import Representation
from pipeline.probes import methods


class Fingerprint(Parameters):
    """`method` is how probes are made, `comparison` a key of `comparisons`, `references` the kind that it needs, if any; the
    defaults are SAC's own."""

    method: str
    representation: Representation = "logits"
    comparison: str = "cosine_l1"
    references: Kind = NONE

    @property
    def label(self) -> str:
        """`jpeg, logits, cosine_l1`, or `jpeg, logits, partial, owner`."""
        return ", ".join(filter(None, (self.method, self.representation, self.comparison, self.references)))


def read_comparisons() -> dict[str, Comparing]:
    """Every comparison that params.yaml asks for, by name, with its parameters."""
    return {name: read(f"comparisons.{name}", module("fingerprints", name).Comparison) for name in read("comparisons")}


def check_fingerprint(where: str, fingerprint: Fingerprint) -> None:
    """Raise BadInput, with the nearest known name, unless such a fingerprint is scored."""
    made = {method for method, family in methods().items() if family in read("probes")}
    if fingerprint.method not in made:
        raise BadInput(f"{FILE}: {where}.method: {unknown('method', fingerprint.method, made)}")
    comparisons = read_comparisons()
    if fingerprint.comparison not in comparisons:
        raise BadInput(f"{FILE}: {where}.comparison: {unknown('comparison', fingerprint.comparison, comparisons)}")
    comparison = comparisons[fingerprint.comparison]
    scored = comparison.scored_on(fingerprint.method)
    if not scored:
        those = f"{', '.join(comparison.methods)} alone" if comparison.methods else "answers that have a label"
        raise BadInput(f"{FILE}: {where}.comparison: {fingerprint.comparison} is for {those}, found {fingerprint.method}")
    if fingerprint.representation not in scored:
        raise BadInput(
            f"{FILE}: {where}.representation: {fingerprint.comparison} of {fingerprint.method} is scored on "
            f"{', '.join(scored)}, found {fingerprint.representation!r}"
        )
    if comparison.needs_references != bool(fingerprint.references):
        expected = f"one of {', '.join(KINDS)}" if comparison.needs_references else "none"
        raise BadInput(
            f"{FILE}: {where}.references: {fingerprint.comparison} is scored with {expected}, found "
            f"{fingerprint.references or 'none'}"
        )
