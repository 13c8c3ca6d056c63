"""`sac enroll`: commit to a model, probes, references and a rule before any suspect is asked."""

from pathlib import Path
from typing import Any

import click

from pipeline.cases.case import METHODS, MOST_PROBES, Limits, Method, Model, Rule, needed
from pipeline.core.errors import BadInput
from stages.cases import CaseCommand, limited, one_line, read_by, seen_as
from stages.paths import OUTPUT


@click.command(cls=CaseCommand)
@click.argument("model")
@click.option("--images", required=True, help="Pictures that trained no model of yours: a folder, Parquet, torchvision:NAME.")
@click.option("--out", type=OUTPUT, required=True, help="Folder for the case.")
@click.option("--train-references", help="Labelled pictures to train references on: class folders, Parquet, torchvision:NAME.")
@click.option("--references-per-arch", type=click.IntRange(1, 1000), default=5, show_default=True, help="Of four networks.")
@click.option("--epochs", type=click.FloatRange(0.1, 1000), default=10.0, show_default=True, help="Training of references.")
@click.option("--reference", multiple=True, help="A model that surely is no copy; repeat it.")
@click.option("--known-copy", multiple=True, help="A copy that you made, shown beside the suspects; repeat it.")
@click.option("--method", type=click.Choice(METHODS), default="cutmix", show_default=True, help="How probes are made.")
@click.option("--count", type=click.IntRange(2, MOST_PROBES), default=150, show_default=True, help="How many probes.")
@click.option("--alpha", type=click.FloatRange(0.0001, 0.49), default=0.05, show_default=True, help="Chance to accuse wrongly.")
@click.option("--stamp", help="Address of an RFC 3161 time stamping authority.")
@read_by
@limited
def enroll(
    model: str,
    images: str,
    out: Path,
    train_references: str | None,
    references_per_arch: int,
    epochs: float,
    reference: tuple[str, ...],
    known_copy: tuple[str, ...],
    method: Method,
    count: int,
    alpha: float,
    stamp: str | None,
    **options: Any,
) -> None:
    """Enroll MODEL, a file or python:module:function, into a case."""
    from pipeline.cases import owner
    from pipeline.cases.references import Training

    pixels = seen_as(options)
    plan = owner.Plan(
        source=_model(model, pixels),
        images=images,
        method=method,
        count=count,
        train=train_references,
        references=tuple(_model(text, pixels) for text in reference),
        known_copies=tuple(_model(text, pixels) for text in known_copy),
        training=Training(each=references_per_arch, epochs=epochs),
        size=pixels["size"],  # type: ignore[arg-type]
        rule=Rule(alpha=alpha),
        limits=Limits(gigabytes=options["gigabytes"], seconds=options["seconds"]),
    )
    enrolment = owner.enroll(plan, out, stamp, lambda remark: click.echo(one_line(remark)))
    number = len(enrolment.references)
    click.echo(f"{enrolment.count} probes ({enrolment.method}) of {enrolment.pool} pictures, {number} references")
    if number < needed(alpha, 1):
        click.echo(
            f"{number} references cannot show a copy at {alpha:.0%}: it takes {needed(alpha, 1)}; see --references-per-arch"
        )
    click.echo(f"committed to {(out / 'commitment.txt').read_text().split()[0]}")


def _model(text: str, pixels: dict[str, object]) -> Model:
    if not text:
        raise BadInput("a model without a name")
    return Model.model_validate({"text": text, "pixels": pixels, "allow_torchscript": False})
