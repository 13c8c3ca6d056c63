"""An owner's verdicts on the benchmark's suspects: copies found, innocents accused, by attack, answers, queries, references.

    python benchmarks/verdicts.py             # every published task with probes enough; needs `dvc pull snapshots/*.dvc`
    python benchmarks/verdicts.py TASK ...    # these anew, the others as they were measured

The answers are those of the published runs. References are a task's irrelevant models: to judge one of them, all others; to
judge a copy, all of them, as many at most as are asked for. They learned other pictures than the source and the
same as the suspects, which an owner's own references do not: verdicts_of_owner.py measures those, on the embedded task.
A suspect that resists changes its answers as its row says, before the tool sees them.

Written: benchmarks/verdicts/verdicts.csv (a row for each setting and attack), benchmarks/verdicts/verdicts.md (the tables) and
pipeline/cases/measured.csv (what a verdict page cites).
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from joblib import Parallel, delayed

from pipeline.cases.case import Rule
from pipeline.cases.verdict import Enrolled, Verdict, find, judge
from pipeline.fingerprints.representation import softmax
from pipeline.outputs.table import names_in

OUT = Path(__file__).parent / "verdicts"
MEASURED = Path(__file__).parent.parent / "pipeline/cases/measured.csv"
METHOD = "cutmix"
QUERIES, REFERENCES = (25, 50, 100, 150), (4, 8, 20)
COPIES = ("finetune_all", "finetune_last", "prune", "extract_label", "extract_prob", "extract_adv")
Changing = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def labels(logits: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Labels alone."""
    return np.where(np.eye(logits.shape[1])[logits.argmax(axis=1)] == 1, 1.0, np.nan)


def top_three(logits: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """The three best classes with their probabilities."""
    return np.where(np.argsort(np.argsort(-logits, axis=1), axis=1) < 3, softmax(logits), np.nan)


def digits(logits: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Probabilities of two digits."""
    return np.round(softmax(logits), 2)


def probabilities(logits: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Whole probabilities."""
    return softmax(logits)


def cooled(logits: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Probabilities at a temperature of 4."""
    return softmax(logits / 4)


def noisy(logits: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Logits with Gaussian noise of half their own deviation."""
    return logits + 0.5 * logits.std() * draw.normal(size=logits.shape)


def refusing(logits: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Logits, a fifth of the probes refused."""
    shown = logits.astype(np.float64).copy()
    shown[draw.permutation(len(shown))[: len(shown) // 5]] = np.nan
    return shown


def one_raw(logits: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Whole probabilities, of one probe logits instead."""
    return np.where(np.arange(len(logits))[:, None] == 7, logits, softmax(logits))


def one_whole(logits: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Labels, of one probe whole probabilities instead."""
    return np.where(np.arange(len(logits))[:, None] == 7, softmax(logits), np.eye(logits.shape[1])[logits.argmax(axis=1)])


def five_loud(logits: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Logits, those of five probes a thousandfold."""
    return np.where(np.arange(len(logits))[:, None] < 5, 1000 * logits, logits)


def percent(logits: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Probabilities in per cent."""
    return 100 * softmax(logits)


def garbled(logits: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """The logit of the best class, chance below it for all others."""
    others = logits.min(axis=1, keepdims=True) - 2 + draw.normal(size=logits.shape)
    return np.where(np.eye(logits.shape[1])[logits.argmax(axis=1)] == 1, logits, others)


def plain(logits: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Logits."""
    return logits


INTERFACES: dict[str, Changing] = {
    "logits": plain,
    "probabilities": probabilities,
    "probabilities, 2 digits": digits,
    "top 3": top_three,
    "labels": labels,
    "temperature 4": cooled,
    "noise": noisy,
    "refuses a fifth": refusing,
    "per cent": percent,
    "probabilities, one logits": one_raw,
    "labels, one probabilities": one_whole,
    "five answers a thousandfold": five_loud,
    "all but the best garbled": garbled,
}


CITED = {"logits": "logits", "probabilities": "probabilities", "top 3": "top_k", "labels": "labels"}
"""Interfaces that a verdict page cites by their kind, so measured at all of QUERIES."""


def read_answers(path: Path, method: str) -> tuple[pd.DataFrame, np.ndarray, list[np.ndarray]]:
    """The suspects of a published run that have the source's classes, the source's logits (P, K), and theirs."""
    table = pq.read_table(path)
    names = {suspect: tuple(own) for suspect, own in names_in(path)[0].items()}
    frame = table.to_pandas()
    frame = frame[frame["method"] == method]
    models, answers, source = [], [], None
    for name, rows in frame.groupby("suspect", sort=False, observed=True):
        logits = np.stack(rows.sort_values("probe")["output"].to_numpy())
        if rows["attack"].iloc[0] == "source":
            source, classes = logits, names[str(name)]
        models.append({"suspect": str(name), "attack": str(rows["attack"].iloc[0]), "arch": str(rows["arch"].iloc[0])})
        answers.append(logits)
    assert source is not None, path
    kept = [place for place, model in enumerate(models) if model["attack"] != "source" and names[model["suspect"]] == classes]
    return pd.DataFrame(models).iloc[kept].reset_index(drop=True), source, [answers[place] for place in kept]


def spread(places: np.ndarray, number: int, archs: np.ndarray) -> np.ndarray:
    """At most `number` of `places`, of all architectures alike: the first of each, then the second, and so on."""
    turn = pd.Series(archs[places]).groupby(archs[places]).cumcount().to_numpy()
    return places[np.lexsort((archs[places], turn))][:number]


def verdict_on(shown: np.ndarray, source: np.ndarray, references: dict[str, np.ndarray]) -> Verdict:
    """The tool's verdict on a suspect's answers (P, K), alone, by these references."""
    classes = tuple(map(str, range(source.shape[1])))
    found = find("it", shown.astype(np.float32), classes, Enrolled(source, classes, references, {}), Rule())
    return judge([found], Rule(), 1)[0]


def judged(
    models: pd.DataFrame, source: np.ndarray, answers: np.ndarray, told: Changing, queries: int, number: int, shown: np.ndarray
) -> pd.DataFrame:
    """The verdict on every copy and every irrelevant model, each judged alone by at most `number` references."""
    archs, irrelevant = models["arch"].to_numpy(str), np.flatnonzero(models["attack"] == "irrelevant")
    rows = []
    for place in np.flatnonzero(models["attack"].isin([*COPIES, "irrelevant"])):
        chosen = spread(irrelevant[irrelevant != place], number, archs)
        references = {str(other): answers[other][:queries] for other in chosen}
        verdict = verdict_on(told(shown[place], np.random.default_rng(7))[:queries], source[:queries], references)
        rows.append(
            {
                "attack": models["attack"].iloc[place],
                "verdict": verdict.verdict,
                "p": verdict.finding.p_value,
                "n": len(chosen),
                "form": verdict.finding.form.kind,
            }
        )
    return pd.DataFrame(rows)


def mixed(models: pd.DataFrame, answers: np.ndarray) -> np.ndarray:
    """Every suspect answering every other probe by the next model of its attack."""
    shown = answers.copy()
    for _, own in models.groupby("attack", sort=False):
        for place, other in zip(own.index, np.roll(own.index, -1), strict=True):
            shown[place] = np.where(np.arange(len(answers[place]))[:, None] % 2 == 0, answers[place], answers[other])
    return shown


def measure(task: str) -> Iterator[dict[str, object]]:
    """Rows of one published task; none if it has too few probes for all of QUERIES."""
    models, source, listed = read_answers(Path(f"snapshots/{task}/outputs/augmented.parquet"), METHOD)
    if len(source) < max(QUERIES):
        return
    answers = np.stack(listed)
    settings = [
        (name, told, queries, number, answers)
        for name, told in INTERFACES.items()
        for queries in (QUERIES if name in CITED else QUERIES[-1:])
        for number in (REFERENCES if name == "logits" else REFERENCES[-1:])
    ]
    settings.append(("two models in turn", plain, QUERIES[-1], REFERENCES[-1], mixed(models, answers)))
    for name, told, queries, number, shown in settings:
        rows = judged(models, source, answers, told, queries, number, shown)
        for attack, own in rows.groupby("attack", sort=False):
            n = int(own["n"].median())
            yield {
                "task": task,
                "answers": name,
                "form": own["form"].iloc[0],
                "queries": queries,
                "references": n,
                "asked": number,
                "attack": attack,
                "suspects": len(own),
                "called_copy": int((own["verdict"] == "copy").sum()),
                "undecided": int((own["verdict"] == "undecided").sum()),
                "least_p": int((own["p"] <= 1 / (own["n"] + 1) + 1e-9).sum()),
            }


def summed(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Sums of suspects, calls and least p-values over tasks, copies and innocents apart."""
    rows = rows.assign(group=np.where(rows["attack"] == "irrelevant", "innocents", "copies"))
    return rows.groupby([*by, "group"], sort=False)[["suspects", "called_copy", "undecided", "least_p"]].sum().reset_index()


def main(tasks: list[str]) -> None:
    """Measure, and write the tables."""
    published = sorted(path.stem for path in Path("snapshots").glob("*.dvc") if not path.stem.startswith("faces"))
    each = Parallel(n_jobs=-1)(delayed(lambda task: list(measure(task)))(task) for task in tasks or published)
    rows = pd.DataFrame([row for own in each for row in own])
    if tasks and (before := OUT / "verdicts.csv").exists():
        old = pd.read_csv(before, keep_default_na=False)
        rows = pd.concat([old[old["task"].isin(set(published) - set(tasks))], rows], ignore_index=True)
    few = ", ".join(task for task in published if rows.empty or task not in set(rows["task"]))
    left_out = f"Left out, for fewer than {max(QUERIES)} probes a method: {few or 'none'}. Faces are not judged here."
    if rows.empty:
        print(left_out)
        return
    rows = rows.sort_values("task", kind="stable")
    OUT.mkdir(exist_ok=True)
    rows.to_csv(OUT / "verdicts.csv", index=False)
    enough = rows[rows["references"] >= 19]
    write_measured(enough if len(enough) else rows)
    lines = [
        f"Tasks: {', '.join(rows['task'].unique())}. Called a copy at 5 % / at the least p-value that so many references can "
        "give / suspects. A suspect is counted once for each source: tasks on the same images often share their innocents. "
        f"{left_out}",
        "",
    ]
    for title, by, own in (
        ("by attack, logits, 150 queries", ["asked", "attack"], rows[(rows["answers"] == "logits") & (rows["queries"] == 150)]),
        ("by answers and resistance, 150 queries", ["asked", "answers"], rows[rows["queries"] == 150]),
        ("by queries, logits", ["asked", "queries"], rows[rows["answers"] == "logits"]),
    ):
        lines += [f"## {title}", "", *table(own, by), ""]
    (OUT / "verdicts.md").write_text("\n".join(lines))
    print("\n".join(lines))


def table(rows: pd.DataFrame, by: list[str]) -> list[str]:
    """A Markdown table: settings down, copies and innocents across."""
    found = summed(rows, by)
    head = [f"| {' | '.join(by)} | copies | innocents |", f"|{'---|' * (len(by) + 2)}"]
    for key, own in found.groupby(by, sort=False):
        cell = {row.group: f"{row.called_copy} / {row.least_p} / {row.suspects}" for row in own.itertuples()}
        head.append(f"| {' | '.join(map(str, key))} | {cell.get('copies', '–')} | {cell.get('innocents', '–')} |")
    return head


def write_measured(rows: pd.DataFrame) -> None:
    """What a verdict page cites, by kind of answers, queries and references: an owner's references, where owner.csv is, and
    those of others, over the tasks that have enough for 5 %."""
    parts = [rows.assign(references_of="others", references=rows["asked"])]
    if (owner := OUT / "owner.csv").exists():
        own = pd.read_csv(owner).rename(columns={"copy": "called_copy"})
        parts.insert(0, own.assign(references_of="owner", task="fashion_mini", queries=max(QUERIES)))
    whole = pd.concat(parts, ignore_index=True)
    by, lines = ["references_of", "answers", "queries", "references"], []
    for (who, answers, queries, number), part in whole[whole["answers"].isin(CITED)].groupby(by, sort=False):
        line = {"references_of": who, "tasks": " ".join(sorted(set(part["task"]))), "answers": CITED[str(answers)]}
        line |= {"queries": queries, "references": number}
        for innocent, counted, called in ((True, "innocents", "accused"), (False, "copies", "found")):
            own = part[(part["attack"] == "irrelevant") == innocent]
            line |= {counted: own["suspects"].sum(), called: own["called_copy"].sum()}
        lines.append(line)
    pd.DataFrame(lines).to_csv(MEASURED, index=False, lineterminator="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
