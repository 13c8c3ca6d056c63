"""What a report is made from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from pipeline.fingerprints.naming import Fingerprint
from pipeline.metrics.statistics import Statistics
from pipeline.probes.probe_set import ProbeSet
from pipeline.reports.tables import Attack

CHOSEN = "chosen"
FRI, FRI_CLEAN, FRI_50 = "fri", "fri_clean", "fri_50"
COMPRESSED = ("SAC-JC", "SAC-JC (FRI)")
"""The names of the fingerprint that the papers' Figure 4 is about."""


@dataclass(frozen=True)
class Material:
    """What a report is made from. `asked` is the fingerprint that figures are to show; `facts` are those of the probes by
    method; `examples`: probes to show, none where the licence forbids it. `watermarked`: EWE's rows of the main table, from
    the task's watermarked twin. `references`: what hangs on the reference models, tables `curve` and `accusations`."""

    task: str
    title: str
    scores: pd.DataFrame
    attacks: list[Attack]
    published: pd.DataFrame
    named: dict[str, Fingerprint]
    asked: Fingerprint
    statistics: Statistics
    facts: dict[str, dict[str, Any]]
    examples: Sequence[ProbeSet]
    watermarked: pd.DataFrame
    references: dict[str, pd.DataFrame] = field(default_factory=dict)

    @cached_property
    def chosen(self) -> Fingerprint:
        """The fingerprint that figures show: where the task has no such probes, as face verification has no CutMix, the first
        named one that it has scores of."""
        made = set(self.scores["method"])
        return next((one for one in (self.asked, *self.named.values()) if one.method in made), self.asked)

    @property
    def verification(self) -> bool:
        """Whether the suspects answer pairs of pictures."""
        return FRI in self.facts

    @property
    def compressed(self) -> tuple[str, Fingerprint]:
        """SAC-JC with its name; the chosen fingerprint where the task has none."""
        found = ((name, self.fingerprints[name]) for name in COMPRESSED if name in self.fingerprints)
        return next(found, (self.chosen.label, self.chosen))

    @cached_property
    def fingerprints(self) -> dict[str, Fingerprint]:
        """The named fingerprints that the task has scores of, and the chosen one beside them unless it has a name.

        A task whose source carries no watermark has none of EWE, and a run that asked no reference models none that needs them.
        """
        made = set(self.scores[["method", "references"]].drop_duplicates().itertuples(index=False, name=None))
        named = {name: one for name, one in self.named.items() if (one.method, one.references) in made}
        extra = {} if self.chosen in named.values() else {f"{CHOSEN}: {self.chosen.label}": self.chosen}
        return named | extra
