"""The sections of a task's report: one list, which the page and the Markdown are both written from."""

import re
from functools import partial

import pandas as pd

from pipeline.core.errors import BadInput
from pipeline.data.corrupt import CORRUPTIONS
from pipeline.reports import captions, figures, markdown, tables, text
from pipeline.reports.frames import Frames
from pipeline.reports.material import FRI, FRI_50, Material
from pipeline.reports.notes import notes_of
from pipeline.reports.section import Document, Picture, Section

SHOWN = ["clean", "jpeg", "cutmix", "cutmix_corner", "wrong"]
SUSPECTS = 4
"""How many of the fingerprints the page shows of every suspect, besides the chosen one."""
DRAWN = "wrong"
"""The probes whose curves over the number of references are drawn."""
JPEG, NOTES = "jpeg", "notes"


def document(what: Material, frames: Frames) -> Document:
    """The report of a task."""
    kept = [section for section in _all(what, frames) if not section.empty]
    counts = _counts(what)
    stolen = sum(int(counts.get(attack.name, 0)) for attack in what.attacks if attack.stolen)
    made = sum(bool(attack.models) for attack in what.attacks if attack.stolen)
    about = (
        "Can the owner of a model tell copies of it from other models by asking both the same probes? Here "
        f"{stolen} copies, made by {made} attacks, and {int(counts.sum()) - stolen} models that are none."
    )
    return Document(what.title, about, text.verdict(frames["main"], what.compressed[0]), kept, home="../index.html")


def _all(what: Material, frames: Frames) -> list[Section]:
    return [
        *_outcome(what, frames),
        *_compared(frames),
        *_suspects(what, frames),
        *_probes(what, frames),
        *_parts(what, frames),
        Section(NOTES, "What agrees with the papers, what does not, and why", text=_notes(what, frames)),
        Section("run", "About this run", points=facts(what, frames), folded=True),
    ]


def _notes(what: Material, frames: Frames) -> str:
    """What people wrote about the task, without its first heading; why it is left out, where a variant lacks what it quotes."""
    try:
        return re.sub(r"\A# .*\n", "", notes_of(what.task, frames))
    except BadInput as error:
        return f"Left out, since they were written about another run: {markdown.escape(error)}."


def _outcome(what: Material, frames: Frames) -> list[Section]:
    main = frames["main"]
    return [
        Section(
            "averages",
            "Average AUC by fingerprint",
            captions.AVERAGES,
            picture=Picture(
                "averages",
                "Average AUC by fingerprint, with 95 % intervals",
                text.verdict(main, what.compressed[0]),
                partial(figures.draw_averages, main),
            ),
        ),
        Section(
            "auc",
            "AUC by attack and fingerprint",
            captions.MAIN,
            table=text.auc_grid(main),
            coloured=True,
            picture=Picture(
                "main",
                "AUC by fingerprint (rows) and attack (columns)",
                "The same numbers as in the table below.",
                partial(figures.draw_table, main),
            ),
        ),
    ]


def _compared(frames: Frames) -> list[Section]:
    main, agreement = frames["main"], frames.get("agreement")
    shown = (
        None
        if agreement is None
        else Picture(
            "published",
            "Published AUC (across) against measured AUC with its 95 % interval (up)",
            "A point on the diagonal agrees. The table holds every point.",
            partial(figures.draw_published, main),
        )
    )
    return [
        Section(
            "agreement",
            "Measured beside published",
            captions.AGREEMENT,
            picture=shown,
            table=None if agreement is None else text.agreement_grid(agreement),
        ),
        Section(
            "published",
            "Every value that the papers print, beside the measured one",
            captions.PUBLISHED,
            table=text.beside_published(main),
            folded=True,
        ),
        Section("metrics", "Every metric", captions.DETAIL, table=text.detail(main), folded=True),
    ]


def _suspects(what: Material, frames: Frames) -> list[Section]:
    own = tables.select(what.scores, what.chosen)
    named = list(what.fingerprints)
    chosen = next(name for name, one in what.fingerprints.items() if one == what.chosen)
    columns = list(dict.fromkeys([chosen, *named[:SUSPECTS]]))
    labels = {f"#suspect-{row.suspect}": f"{row.suspect}: {row.score:.4f}" for row in own.itertuples()}
    return [
        Section(
            "scores",
            "The score of every suspect",
            captions.SCORES,
            table=text.rounded(frames["scores"][["suspect", "attack", "arch", *columns]], 4),
            folded=True,
            rows="suspect",
            picture=Picture(
                "scores",
                f"Score of every suspect by {what.chosen.label}, a row for each attack",
                "Red: stolen, blue: irrelevant, dashed: the threshold. Each point leads to its row of the table.",
                partial(figures.draw_scores, own, frames["chosen"], what.attacks, what.chosen.label),
                labels,
            ),
        ),
        Section(
            "architectures",
            "By architecture",
            captions.ARCHITECTURES,
            table=text.rounded(frames["architectures"], 2),
            folded=True,
        ),
        Section("pruning", "By pruning ratio", captions.PRUNING, table=text.rounded(frames["pruning"]), folded=True),
    ]


def _first_probes(what: Material) -> Picture | None:
    drawn = partial(figures.draw_probes, what.examples, SHOWN)
    about = "The first probes of each method", "A row for each method, ten pictures in each."
    return Picture("probes", *about, drawn) if what.examples else None


def _probes(what: Material, frames: Frames) -> list[Section]:
    gallery, corruptions = frames.get("gallery"), frames.get("corruptions")
    name, compressed = what.compressed
    return [
        Section(
            "counts",
            "AUC against the number of probes",
            captions.COUNTS.format(name=name),
            picture=Picture(
                "counts",
                f"AUC of {name} by the number of probes, a curve for each attack",
                "Its numbers: tables/counts.csv.",
                partial(figures.draw_counts, frames["counts"], "count", "number of probes", f"{name}: {compressed.label}"),
            ),
        ),
        Section(
            "gallery",
            "AUC against the number of pictures beside a target",
            captions.GALLERY,
            folded=True,
            table=None if gallery is None else text.gallery_grid(gallery),
            picture=_gallery(gallery, what),
        ),
        Section(
            "corruptions",
            "Average AUC by augmentation",
            captions.CORRUPTIONS,
            points=ranks(corruptions),
            folded=True,
            picture=_corruptions(corruptions, what),
            table=None if corruptions is None else text.rounded(corruptions, 2),
        ),
        Section("probes", "The probes", "SAC-JC, Figure 3.", picture=_first_probes(what)),
        Section(
            "facts",
            "How many probes there are, and what making them cost",
            captions.PROBES,
            folded=True,
            table=text.rounded(frames["probes"]),
        ),
    ]


def _parts(what: Material, frames: Frames) -> list[Section]:
    return [
        *_references(frames),
        Section(
            "success",
            "How often suspects answer as the source does",
            captions.SUCCESS,
            folded=True,
            table=text.rounded(frames["success"], 2),
        ),
        Section(
            "accuracy",
            "Accuracy of all models",
            captions.ACCURACY,
            folded=True,
            table=text.rounded(frames["accuracy"]),
            points=text.convergence(frames["accuracy"], what.verification),
        ),
        Section(
            "comparisons",
            "Ways to compare answers",
            captions.COMPARISONS,
            table=text.rounded(frames["correlation"], 2),
            folded=True,
        ),
    ]


def _references(frames: Frames) -> list[Section]:
    """What hangs on the reference models; empty where none were asked."""
    curve, accusations = frames.get("reference_curve"), frames.get("accusations")
    return [
        Section(
            "reference_curve",
            "AUC by the number of reference models",
            captions.CURVE,
            folded=True,
            table=None if curve is None else text.rounded(curve, 2),
            picture=None
            if curve is None
            else Picture(
                "reference_curve",
                "Average AUC by the number of reference models, a curve for each way to compare",
                "Its numbers stand in the table.",
                partial(figures.draw_references, curve[curve["method"] == DRAWN]),
            ),
        ),
        Section(
            "accusations",
            "Whom p-values accuse",
            captions.ACCUSATIONS,
            folded=True,
            table=None if accusations is None else text.rounded(accusations, 2),
        ),
    ]


def _gallery(gallery: pd.DataFrame | None, what: Material) -> Picture | None:
    if gallery is None:
        return None
    whole = gallery[gallery["count"] == gallery.groupby("method")["count"].transform("max")]
    label = "number of pictures beside a target"
    return Picture(
        "gallery",
        "AUC of FRI by the number of pictures beside a target",
        "Its numbers stand in the table.",
        partial(figures.draw_counts, whole, "pictures", label, f"FRI, {what.chosen.comparison}"),
    )


def _corruptions(corruptions: pd.DataFrame | None, what: Material) -> Picture | None:
    if corruptions is None:
        return None
    return Picture(
        "corruptions",
        "Average AUC of every augmentation, with 95 % intervals",
        " ".join(ranks(corruptions)),
        partial(figures.draw_corruptions, corruptions, what.chosen.comparison),
    )


def ranks(corruptions: pd.DataFrame | None) -> list[str]:
    """Where JPEG compression stands among the corruptions, for each representation."""
    said = []
    for representation, own in () if corruptions is None else corruptions.groupby("representation", sort=False):
        aucs = own[own["method"].isin(CORRUPTIONS)].set_index("method")["auc"].dropna()
        if JPEG in aucs:
            rank = int((aucs > aucs[JPEG] + 1e-9).sum()) + 1
            said.append(
                f"JPEG compression ranks {rank} of {len(aucs)} corruptions by average AUC on {representation} "
                f"({text.number(aucs[JPEG])}; the best is {aucs.idxmax()}, {text.number(aucs.max())})."
            )
    return said


def _counts(what: Material) -> pd.Series:
    """The number of suspects by attack."""
    return what.scores.drop_duplicates("suspect").groupby("attack", sort=False).size()


def facts(what: Material, frames: Frames) -> list[str]:
    """What a reader should know of how a run was made, in sentences."""
    counts = _counts(what)
    empty = [f"{attack.name}: {attack.why}" for attack in what.attacks if attack.why]
    asked = [
        f"FRI asks about {own['probes']} targets of {own['facts']['people']} people, each beside n = "
        f"{own['facts']['pictures']} pictures of the same person ({method})."
        for method, own in what.facts.items()
        if method in (FRI, FRI_50)
    ]
    said = {
        captions.VERIFICATION: what.verification,
        captions.WATERMARKED: "EWE" not in what.fingerprints and len(what.watermarked),
    }
    sources = int(frames["main"]["sources"].max())
    return [
        f"Fingerprint of which scores are shown: {what.chosen.label}.",
        f"{int(counts.sum())} suspects: {', '.join(f'{name} {count}' for name, count in counts.items())}.",
        *asked,
        *empty,
        *(note for note, holds in said.items() if holds),
        captions.DRAWN,
        captions.CONDITIONAL if sources == 1 else captions.SOURCES.format(sources=sources),
        captions.EXPLORATORY,
    ]
