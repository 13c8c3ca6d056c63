"""The whole report of a task: its tables, figures, page and metrics, from scores and records."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline.data.corrupt import CORRUPTIONS
from pipeline.files import write_json, write_text
from pipeline.fingerprints.naming import Fingerprint
from pipeline.probes.probe_set import ProbeSet
from pipeline.reports import figures, tables, text
from pipeline.reports.page import write_page
from pipeline.reports.published import accuracy_beside, beside
from pipeline.reports.tables import AVERAGE, Attack
from pipeline.statistics import Statistics

CHOSEN = "chosen"
FRI, FRI_CLEAN, FRI_50 = "fri", "fri_clean", "fri_50"
VERIFICATION = ("Face verification: training accuracy is the share of pictures to which their person's centre is nearest, for "
                "distilled models the mean cosine to the source's embeddings; test accuracy is on pairs of other people.")
WATERMARKED = "EWE needs a source of its own: its column judges another zoo, stolen from the watermarked twin of this task."
SHOWN = ["clean", "jpeg", "cutmix", "cutmix_corner", "wrong"]
COMPARED = [*SHOWN, "source_wrong", "wrong_jpeg", "fri", "fri_clean"]
CONDITIONAL = "Intervals are conditional on the task's one source. Fingerprints marked * were found on these data: exploratory."


@dataclass(frozen=True)
class Material:
    """What a report is made from. `asked` is the fingerprint that figures are to show; `facts` are those of the probes by
    kind; `examples`: probes to show, none where the licence forbids it. `watermarked`: EWE's rows of the main table, from
    the task's watermarked twin."""

    title: str
    scores: pd.DataFrame
    attacks: list[Attack]
    published: pd.DataFrame
    named: dict[str, Fingerprint]
    asked: Fingerprint
    how: Statistics
    facts: dict[str, dict]
    examples: list[ProbeSet]
    watermarked: pd.DataFrame

    @property
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
    def fingerprints(self) -> dict[str, Fingerprint]:
        """The named fingerprints that the task has scores of, and the chosen one beside them unless it has a name.

        A task whose source carries no watermark has none of EWE.
        """
        made = set(self.scores["method"])
        named = {name: fingerprint for name, fingerprint in self.named.items() if fingerprint.method in made}
        extra = {} if self.chosen in named.values() else {f"{CHOSEN}: {self.chosen.label}": self.chosen}
        return named | extra


def write_report(what: Material, out: Path) -> None:
    """Write tables/, figures/, metrics.json and index.html under `out`. What stood in the two folders is replaced."""
    frames = make_tables(what)
    _fresh(out / "tables")
    for name, frame in frames.items():
        text.write_csv(frame, out / "tables" / f"{name}.csv")
    main = frames["main"]
    said = text.findings(main[main["fingerprint"].isin(what.fingerprints)], frames["accuracy"], what.verification)
    write_text(out / "tables" / "report.md", _markdown(what, frames, said))
    _fresh(out / "figures")
    for name, figure in _figures(what, frames):
        figures.save(figure, out / "figures" / f"{name}.svg")
    write_json(out / "metrics.json", _metrics(what, frames))
    write_page(out / "index.html", what.title, _facts(what), said, _sections(what, frames, out / "figures"))


def make_tables(what: Material) -> dict[str, pd.DataFrame]:
    """Every table of the report by its file's name; of augmentations and of FRI's references where the task has such probes."""
    aucs = tables.all_aucs(what.scores, what.attacks)
    own = tables.select(what.scores, what.chosen)
    main = tables.main_table(what.scores, what.attacks, what.fingerprints, what.how)
    twin = _twin(what.watermarked, main)
    main = pd.concat([main, twin[main.columns]], ignore_index=True) if len(twin) else main
    others = {"corruptions": _corruptions(aucs, what.chosen.comparison),
              "references": _references(aucs, what.chosen, what.facts)}
    return {"main": beside(main, what.published),
            "chosen": tables.evaluate(own, what.attacks, what.how),
            "accuracy": accuracy_beside(tables.accuracies(what.attacks), what.published),
            "probes": tables.probe_facts(what.facts), "success": tables.success(what.scores, what.attacks),
            "scores": tables.suspect_scores(what.scores, what.attacks, what.fingerprints), "correlation": _correlation(aucs),
            "counts": _counts(aucs, what.chosen), "architectures": tables.by_architecture(own, what.attacks),
            "pruning": tables.by_pruning_ratio(own, what.attacks), "all_aucs": aucs, "costs": tables.costs(what.attacks),
            **{name: frame for name, frame in others.items() if len(frame)}}


def _twin(watermarked: pd.DataFrame, main: pd.DataFrame) -> pd.DataFrame:
    """EWE's rows, unless the task has its own or the twin's zoo has another size: then they belong to another run."""
    sizes = main.groupby("attack")["stolen"].max()
    fits = [sizes.get(attack) == stolen or not stolen for attack, stolen in
            zip(watermarked["attack"], watermarked["stolen"], strict=True)]
    return watermarked[~watermarked["fingerprint"].isin(main["fingerprint"])] if all(fits) else watermarked[:0]


def _names(frames: dict[str, pd.DataFrame]) -> list[str]:
    return list(dict.fromkeys(frames["main"]["fingerprint"]))


def _correlation(aucs: pd.DataFrame) -> pd.DataFrame:
    """Attack by attack, how the ways to compare answers differ over the same probes (SAC-JC, Table 11)."""
    whole = aucs[aucs["count"] == aucs.groupby("method")["count"].transform("max")]
    wide = whole.pivot(index=["method", "comparison", "representation"], columns="attack", values="auc")
    order = list(dict.fromkeys(whole["attack"]))
    return wide.loc[[method for method in dict.fromkeys(whole["method"]) if method in COMPARED], order].reset_index()


def _corruptions(aucs: pd.DataFrame, comparison: str) -> pd.DataFrame:
    """Average AUC of every augmentation over as many probes as each has (SAC-JC, Figure 2)."""
    wanted = ("clean", "cutmix", "cutmix_corner", *CORRUPTIONS)
    own = aucs[(aucs["attack"] == AVERAGE) & (aucs["comparison"] == comparison) & aucs["method"].isin(wanted)]
    common = set.intersection(*(set(counts) for _, counts in own.groupby("method")["count"])) if len(own) else set()
    return own[own["count"] == max(common, default=0)].drop(columns="attack")


def _counts(aucs: pd.DataFrame, chosen: Fingerprint) -> pd.DataFrame:
    return aucs[(aucs["method"] == chosen.method) & (aucs["representation"] == chosen.representation)
                & (aucs["comparison"] == chosen.comparison)]


def _references(aucs: pd.DataFrame, chosen: Fingerprint, facts: dict[str, dict]) -> pd.DataFrame:
    """AUC of FRI by n, the number of references, and by the number of targets (`count`); no rows for other tasks."""
    known = {kind: own["facts"] for kind, own in facts.items() if "references" in own["facts"]}
    own = aucs[aucs["method"].isin(known) & (aucs["method"] != FRI_CLEAN) & (aucs["representation"] == chosen.representation)
               & (aucs["comparison"] == chosen.comparison)]
    numbers = {name: [known[kind][name] for kind in own["method"]] for name in ("references", "people")}
    return own.assign(**numbers).sort_values(["references", "count"], kind="stable")


def _figures(what: Material, frames: dict[str, pd.DataFrame]):
    own = tables.select(what.scores, what.chosen)
    yield "main", figures.draw_table(frames["main"], _names(frames))
    yield "scores", figures.draw_scores(own, frames["chosen"], what.attacks, what.chosen.label)
    yield "counts", figures.draw_counts(frames["counts"], "count", "number of probes", what.chosen.label)
    if (references := frames.get("references")) is not None:
        whole = references[references["count"] == references.groupby("method")["count"].transform("max")]
        yield "references", figures.draw_counts(whole, "references", "number of references", f"FRI, {what.chosen.comparison}")
    if "corruptions" in frames:
        yield "corruptions", figures.draw_corruptions(frames["corruptions"], what.chosen.comparison)
    if what.examples:
        yield "probes", figures.draw_probes(what.examples, SHOWN)


def _metrics(what: Material, frames: dict[str, pd.DataFrame]) -> dict:
    """What `dvc metrics` shows and compares: the chosen fingerprint by attack, the named ones on average."""
    chosen = frames["chosen"].set_index("attack")
    main = frames["main"]
    averages = main[main["attack"] == AVERAGE].set_index("fingerprint")["auc"]

    def rounded(column: str) -> dict:
        return {name: round(value, 4) for name, value in chosen[column].dropna().items()}

    return {"fingerprint": what.chosen.label, "auc": rounded("auc"), "f1": rounded("f1"), "tpr": rounded("tpr"),
            "average_auc": {name: round(averages[name], 4) for name in averages.index}}


def _facts(what: Material) -> list[str]:
    counts = what.scores.drop_duplicates("suspect").groupby("attack", sort=False).size()
    empty = [f"{attack.name}: {attack.why}" for attack in what.attacks if attack.why]
    asked = [f"FRI asks about {own['probes']} targets of {own['facts']['people']} people, each beside n = "
             f"{own['facts']['references']} references ({kind})." for kind, own in what.facts.items() if kind in (FRI, FRI_50)]
    notes = {VERIFICATION: what.verification, WATERMARKED: "EWE" not in what.fingerprints and len(what.watermarked)}
    return [f"Fingerprint shown in the figures: {what.chosen.label}.",
            f"{int(counts.sum())} suspects: {', '.join(f'{name} {count}' for name, count in counts.items())}.",
            *asked, *empty, *(note for note, holds in notes.items() if holds), CONDITIONAL]


def _sections(what: Material, frames: dict[str, pd.DataFrame], drawn: Path) -> list[dict]:
    compared = text.beside_published(frames["main"])
    sections = [
        {"heading": "AUC by attack and fingerprint", "svg": drawn / "main.svg",
         "note": "1: every stolen suspect scores higher than every irrelevant one; 0.5: chance; a dash: does not apply."},
        {"heading": "The same with 95 % intervals and the papers' values", "folded": True,
         "table": text.auc_grid(frames["main"], _names(frames)), "note": _NOTES["main"]},
        *([{"heading": "Measured beside published", "table": compared, "note": _NOTES["published"]}] if len(compared) else []),
        {"heading": "Every metric", "folded": True, "table": text.detail(frames["main"]), "note": _NOTES["detail"]},
        {"heading": "Scores by family", "svg": drawn / "scores.svg", "note": _NOTES["scores"]},
        {"heading": "AUC against the number of probes", "svg": drawn / "counts.svg", "note": "SAC-JC, Figure 4."},
        {"heading": "AUC against the number of references", "svg": drawn / "references.svg", "note": _NOTES["references"]},
        *([{"heading": "The same by the number of targets", "folded": True, "note": "count: the number of targets.",
            "table": text.references_grid(frames["references"])}] if "references" in frames else []),
        {"heading": "Average AUC by augmentation", "svg": drawn / "corruptions.svg", "note": _NOTES["corruptions"]},
        {"heading": "The probes", "svg": drawn / "probes.svg", "note": "SAC-JC, Figure 3."},
        {"heading": "How many probes there are, and what making them cost", "folded": True,
         "table": text.rounded(frames["probes"]), "note": _NOTES["probes"]},
        {"heading": "How often suspects answer as the source does", "folded": True,
         "table": text.rounded(frames["success"], 2), "note": _NOTES["success"]},
        {"heading": "Accuracy of all models", "table": text.rounded(frames["accuracy"]), "note": _NOTES["accuracy"]},
        {"heading": "Ways to compare answers", "folded": True, "table": text.rounded(frames["correlation"], 2),
         "note": "SAC-JC, Table 11, for more kinds of probes: AUC by attack."},
        {"heading": "By architecture", "folded": True, "table": text.rounded(frames["architectures"], 2),
         "note": "Suspects of one architecture against irrelevant models of the same one."},
        {"heading": "By pruning ratio", "folded": True, "table": text.rounded(frames["pruning"]),
         "note": "The share of channels removed. The points of one run are not independent."},
        {"heading": "Cost", "folded": True, "table": frames["costs"].astype(str), "note": "Seconds on one core each."}]
    return [section for section in sections if "svg" not in section or section["svg"].exists()]


_NOTES = {
    "main": "Measured AUC [95 % interval], and the paper's value where it prints one. Average: the mean over the attacks that "
            "the papers average (transfer apart); pooled: their suspects together.",
    "published": "inside: whether the paper's value lies in the 95 % interval, at the paper's precision. What does not agree, "
                 "and why: notes.md beside this page.",
    "detail": "p-value: two-sided t-test of stolen against irrelevant scores, and the side the stolen ones are on. F1: the "
              "threshold is the highest score of four irrelevant models, which are then no negatives, averaged over choices "
              "of four; midpoint: the rule of section 3.2.",
    "scores": "The threshold is the mean over choices of four irrelevant models. Transfer has irrelevant models of its own.",
    "corruptions": "SAC-JC, Figure 2. The same number of probes for each.",
    "references": "n of SAC-JC's Eq. 6, the bits of a target's feature; count: the number of targets. n = 50 asks about the "
                  "few people who have 51 pictures, and each of them more often: the step to it changes more than n.",
    "probes": "eligible: images that qualify, of those in the pool. before and after: quantisation to 8 bits a channel.",
    "success": "The success rate of a method's probes, the mean over suspects: answers like the source's, or for a watermark "
               "the target class.",
    "accuracy": "SAC-JC, Table 3. images, classes: of the training set. Training accuracy is on the labels that a model "
                "learned: 1 means converged.",
}


def _markdown(what: Material, frames: dict[str, pd.DataFrame], said: list[str]) -> str:
    compared = text.beside_published(frames["main"])
    published = ["## Measured beside published\n", _NOTES["published"] + "\n", text.markdown(compared)]
    parts = [f"# {what.title}\n", "\n".join(f"- {fact}" for fact in (*_facts(what), *said)) + "\n",
             "## AUC by attack and fingerprint\n", _NOTES["main"] + "\n",
             text.markdown(text.auc_grid(frames["main"], _names(frames))),
             *(published if len(compared) else []),
             "## Every metric\n", _NOTES["detail"] + "\n", text.markdown(text.detail(frames["main"])),
             "## How many probes there are, and what making them cost\n", _NOTES["probes"] + "\n",
             text.markdown(text.rounded(frames["probes"])), "## How often suspects answer as the source does\n",
             _NOTES["success"] + "\n", text.markdown(text.rounded(frames["success"], 2)),
             "## Accuracy of all models\n", _NOTES["accuracy"] + "\n", text.markdown(text.rounded(frames["accuracy"])),
             "## Ways to compare answers\n", text.markdown(text.rounded(frames["correlation"], 2)),
             *(["## AUC by the number of references and of targets\n", _NOTES["references"] + "\n",
                text.markdown(text.references_grid(frames["references"]))] if "references" in frames else []),
             "## By architecture\n", text.markdown(text.rounded(frames["architectures"], 2)),
             "## By pruning ratio\n", text.markdown(text.rounded(frames["pruning"]))]
    return "\n".join(parts)


def _fresh(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
