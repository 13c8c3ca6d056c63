"""The same question by this tool and by hand with QuRD's Python interface: lines that a user writes, seconds, formats, answers.

    git clone https://github.com/grodino/QuRD && git -C QuRD checkout fcfe7d8
    pip install foolbox numba scikit-image timm          # into this environment, for QuRD's fingerprints
    PYTHONPATH=QuRD python -m benchmarks.qurd artifacts/fashion_mini

One source, three suspects, 150 probes, both from the same pool. QuRD gives distances and trains no references; so a second
program ranks each suspect's distance among the references that this tool has trained, as a user would have to by hand. The
lines counted are those of the programs below that are not blank. Written: benchmarks/verdicts/qurd.csv and qurd.md.
"""

import re
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import click
import pandas as pd

from benchmarks.timing import Ran, run
from pipeline.cases.suspects import KNOWN
from pipeline.reports.markdown import table
from pipeline.reports.text import write_csv

OUT = Path(__file__).parent / "verdicts"
ATTACKS = ("extract_prob", "finetune_all", "irrelevant")

OURS = """
sac enroll $RUN/source/source-vgg_slim-0.safetensors --images $RUN/defender/pool.safetensors \
--train-references $RUN/defender/query.safetensors --references-per-arch 15 --out $CASE
sac ask $CASE $SUSPECTS
sac verify $CASE
"""

DISTANCES = """
import torch
from torch.utils.data import TensorDataset
from torchvision.transforms import v2
from pipeline.data.images import load_images
from pipeline.models.network import load
from qurd.fingerprint import make_fingerprint
torch.manual_seed(0)
pool = load_images(run / "defender/pool.safetensors")
data = TensorDataset(torch.from_numpy(pool.images) / 255, torch.from_numpy(pool.labels))
source = load(run / "source/source-vgg_slim-0.safetensors")
source.pretrained_cfg = {"num_classes": 10}
transform = v2.Compose([v2.Identity(), v2.Normalize([0.0], [1.0])])
sampler, represent, distance = make_fingerprint(fingerprint, batch_size=64, device="cpu")
probes = sampler.sample(data, 150, source, transform)
own = represent(probes, source)
found = {file.stem: distance(own, represent(probes, load(file))) for file in suspects}
for name, score in found.items():
    print(name, score)
"""

RANKS = """
others = [distance(own, represent(probes, load(file))) for file in references]
ranks = {name: (1 + sum(other <= score for other in others)) / (1 + len(others)) for name, score in found.items()}
least = 0.0
for place, name in enumerate(sorted(ranks, key=ranks.get)):
    least = max(least, min(1.0, ranks[name] * (len(ranks) - place)))
    print(name, "copy" if least <= 0.05 else "no copy shown", least)
"""


@click.command()
@click.argument("artifacts", type=click.Path(path_type=Path, exists=True, file_okay=False))
def main(artifacts: Path) -> None:
    """Compare on the finished run ARTIFACTS, and write the tables."""
    if find_spec("qurd") is None:
        raise click.ClickException("QuRD is not installed: clone github.com/grodino/QuRD and put its folder on PYTHONPATH")
    suspects = [artifacts / f"zoo/{attack}/{attack}-vgg_slim-0.safetensors" for attack in ATTACKS]
    with tempfile.TemporaryDirectory() as folder:
        case = Path(folder) / "case"
        ours = run(["bash", "-c", f"RUN={artifacts} CASE={case} SUSPECTS='{' '.join(map(str, suspects))}'\n{OURS}"])
        given = _given(artifacts, suspects, sorted((case / "models").glob("*.safetensors")))
        rows = [_row("sac, 60 references trained", OURS, ours)]
        for fingerprint in ("SAC", "AKH"):
            for name, program in (("distances", DISTANCES), ("ranked by hand", DISTANCES + RANKS)):
                ran = run([sys.executable, "-c", f"{given}fingerprint = {fingerprint!r}\n{program}"])
                rows.append(_row(f"QuRD {fingerprint}, {name}", program, ran))
    write(pd.DataFrame(rows))


def write(frame: pd.DataFrame) -> None:
    """Write the table, with ratios to the first row, for machines and for people."""
    for name in ("seconds", "core_seconds"):
        frame[f"{name} ratio"] = (frame[name] / frame[name].iloc[0]).round(3)
    write_csv(frame, OUT / "qurd.csv")
    said = f"Suspects that sac takes: {', '.join(KNOWN)}, a table of answers. QuRD: a torch.nn.Module in its own process."
    text = f"{table(frame.astype(str))}\n{said}\n"
    (OUT / "qurd.md").write_text(text)
    click.echo(text)


def _given(artifacts: Path, suspects: list[Path], references: list[Path]) -> str:
    """What every program of QuRD's finds defined; these lines are not counted."""
    places = [f"[Path(one) for one in {list(map(str, files))}]" for files in (suspects, references)]
    return f"from pathlib import Path\nrun, suspects, references = Path({str(artifacts)!r}), {places[0]}, {places[1]}\n"


def _row(name: str, program: str, ran: Ran) -> dict[str, object]:
    """One program. answers: what it says of each suspect, the last line on it."""
    said = {attack: re.findall(rf"^{attack}-[\w-]+:? (.*)", ran.output, re.M) for attack in ATTACKS}
    missing = [attack for attack, lines in said.items() if not lines]
    if missing:
        raise click.ClickException(f"{name}: says nothing of {', '.join(missing)}")
    return {
        "program": name,
        "lines": sum(bool(line.strip()) for line in program.splitlines()),
        "seconds": round(ran.seconds, 1),
        "core_seconds": round(ran.core_seconds, 1),
        **{attack: short(lines[-1]) for attack, lines in said.items()},
    }


def short(answer: str) -> str:
    """An answer with its number: `0.132`, or `copy, p = 0.143`."""
    verdict = re.match(r"(copy|no copy shown|undecided)\D*([\d.]+)", answer)
    return f"{verdict[1]}, p = {float(verdict[2]):.3f}" if verdict else f"{float(answer):.3f}"


if __name__ == "__main__":
    main()
