"""Verdicts with references that an owner trained, on the embedded task's own zoo, suspects that resist among them.

    python benchmarks/verdicts_of_owner.py CASE artifacts/fashion_mini

CASE: what `sac enroll` made of that run's source, pool and query share (docs/cases.md says how). Each suspect is judged alone
at 5 %, by the first 20 references, five of each architecture, and by all. Written: benchmarks/verdicts/owner.csv and owner.md.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from verdicts import COPIES, INTERFACES, OUT, spread, verdict_on

from pipeline.cases.case import read_enrolment
from pipeline.cases.images import resized
from pipeline.cases.probes import read_probes
from pipeline.cases.verdict import COPY
from pipeline.cases.verifying import read_enrolled
from pipeline.data.corrupt import jpeg
from pipeline.models.network import load, predict

SEEN: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "its own JPEG, quality 50": lambda images: jpeg(images, 50),
    "its own resize to 20 pixels and back": lambda images: resized(
        resized(images, 20, images.shape[1]), images.shape[2], images.shape[1]
    ),
}


def write_tables(frame: pd.DataFrame) -> None:
    """Write what was called a copy, for machines and for people."""
    OUT.mkdir(exist_ok=True)
    frame.to_csv(OUT / "owner.csv", index=False)
    frame["told"] = frame["copy"].astype(str) + " / " + frame["suspects"].astype(str)
    lines = ["Called a copy, of how many, each judged alone at 5 %; irrelevant models are innocents.", ""]
    for number, own in frame.groupby("references"):
        wide = own.pivot(index="answers", columns="attack", values="told")[[*COPIES, "irrelevant"]]
        wide = wide.loc[list(dict.fromkeys(own["answers"]))]
        lines += [
            f"## {number} references of the owner",
            "",
            f"| answers | {' | '.join(wide.columns)} |",
            f"|{'---|' * (len(wide.columns) + 1)}",
            *(f"| {name} | {' | '.join(row)} |" for name, row in zip(wide.index, wide.to_numpy(), strict=True)),
            "",
        ]
    (OUT / "owner.md").write_text("\n".join(lines))
    print("\n".join(lines))


def main(case: Path, run: Path) -> None:
    """Measure, and write the tables."""
    enrolment = read_enrolment(case)
    enrolled, probes = read_enrolled(case, enrolment), read_probes(case, enrolment)
    known = enrolled.references
    names = list(known)
    archs = np.array([name.rsplit("-", 1)[0] for name in names])
    first = [names[place] for place in spread(np.arange(len(names)), 20, archs)]
    rows = []
    for attack in (*COPIES, "irrelevant"):
        files = sorted((run / "zoo" / attack).glob("*.safetensors"))
        networks = [load(file) for file in files]
        logits = [predict(network, probes) for network in networks]
        shown = {name: [told(own, np.random.default_rng(7)) for own in logits] for name, told in INTERFACES.items()}
        shown |= {name: [predict(network, seen(probes)) for network in networks] for name, seen in SEEN.items()}
        turn = np.arange(len(probes))[:, None] % 2 == 0
        shown["two models in turn"] = [
            np.where(turn, own, other) for own, other in zip(logits, logits[1:] + logits[:1], strict=True)
        ]
        for name, answers in shown.items():
            for chosen in (first, names):
                references = {one: known[one] for one in chosen}
                verdicts = [verdict_on(own, enrolled.source, references).verdict for own in answers]
                rows.append(
                    {
                        "references": len(chosen),
                        "answers": name,
                        "attack": attack,
                        "suspects": len(verdicts),
                        "copy": verdicts.count(COPY),
                    }
                )
    write_tables(pd.DataFrame(rows))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
