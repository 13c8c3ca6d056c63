"""Which fingerprints params.yaml names, and what their parts are called."""

from pipeline.errors import BadInput, unknown
from pipeline.fingerprints.comparing import Comparing
from pipeline.fingerprints.representation import Representation
from pipeline.names import module
from pipeline.params import FILE, Parameters, read
from pipeline.probes import kinds


class Fingerprint(Parameters):
    """`method` is a kind of probes, `comparison` a key of `comparisons`."""

    method: str
    representation: Representation
    comparison: str

    @property
    def label(self) -> str:
        """`jpeg, logits, cosine_l1`."""
        return f"{self.method}, {self.representation}, {self.comparison}"


def read_comparisons() -> dict[str, Comparing]:
    """Every comparison that params.yaml asks for, by name, with its parameters."""
    return {name: read(f"comparisons.{name}", module("fingerprints", name).Comparison) for name in read("comparisons")}


def check_fingerprint(where: str, fingerprint: Fingerprint) -> None:
    """Raise BadInput, with the nearest known name, unless such a fingerprint is scored."""
    made = {kind for kind, family in kinds().items() if family in read("probes")}
    if fingerprint.method not in made:
        raise BadInput(f"{FILE}: {where}.method: {unknown('method', fingerprint.method, made)}")
    comparisons = read_comparisons()
    if fingerprint.comparison not in comparisons:
        raise BadInput(f"{FILE}: {where}.comparison: {unknown('comparison', fingerprint.comparison, comparisons)}")
    comparison = comparisons[fingerprint.comparison]
    scored = comparison.scored_on(fingerprint.method)
    if not scored:
        those = f"{', '.join(comparison.kinds)} alone" if comparison.kinds else "answers that have a label"
        raise BadInput(f"{FILE}: {where}.comparison: {fingerprint.comparison} is for {those}, found {fingerprint.method}")
    if fingerprint.representation not in scored:
        raise BadInput(f"{FILE}: {where}.representation: {fingerprint.comparison} of {fingerprint.method} is scored on "
                       f"{', '.join(scored)}, found {fingerprint.representation!r}")
