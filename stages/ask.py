"""`sac ask`: ask suspects the probes of a case, once each."""

from pathlib import Path

import click

from pipeline.cases.case import Limits, Model, name_for, read_enrolment
from pipeline.core.errors import BadInput
from stages.cases import CaseCommand, limited, one_line, read_by, seen_as
from stages.paths import INPUT


@click.command(cls=CaseCommand)
@click.argument("case", type=INPUT)
@click.argument("suspects", nargs=-1, required=True)
@click.option("--name", help="What to call a single suspect; else its file's or server's name.")
@click.option("--budget", type=click.IntRange(1), help="Most queries to send to a server, failed ones included.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Most queries a second.")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), default=20.0, show_default=True, help="Seconds a query.")
@click.option("--tries", type=click.IntRange(1, 100), default=3, show_default=True, help="How often a failed query is sent.")
@click.option("--allow-torchscript", is_flag=True, help="Open TorchScript files, which hold programs.")
@read_by
@limited
def ask(
    case: Path,
    suspects: tuple[str, ...],
    name: str | None,
    budget: int | None,
    rate: float | None,
    timeout: float,
    tries: int,
    allow_torchscript: bool,
    **options: object,
) -> None:
    """Ask SUSPECTS: ONNX files, safetensors, timm:NAME:FILE, torchvision:NAME:FILE, python:module:function,
    http://host/v2/models/NAME, or a YAML file that describes a REST interface.

    What was answered is kept: a killed run asks nothing twice.
    """
    from pipeline.cases.asking_all import ask_all

    enrolment = read_enrolment(case)
    if name and len(suspects) > 1:
        raise BadInput(f"--name {name}: names one suspect, {len(suspects)} were given")
    limits = Limits.model_validate(
        {
            "budget": budget,
            "rate": rate,
            "timeout": timeout,
            "tries": tries,
            "gigabytes": options["gigabytes"],
            "seconds": options["seconds"],
        }
    )
    models = [
        Model.model_validate({"text": text, "pixels": seen_as(options), "allow_torchscript": allow_torchscript})
        for text in suspects
    ]
    for asked in ask_all(case, enrolment, _by_name(models, name), limits):
        left = f", {asked.left} left for want of a budget" if asked.left else ""
        refused = f", {asked.refused} refused" if asked.refused else ""
        click.echo(one_line(f"{asked.name}: {asked.answered} answers{refused}{left}, {asked.queries} queries: {asked.form}"))


def _by_name(models: list[Model], name: str | None) -> dict[str, Model]:
    """Models by what each is called in the case; BadInput, naming both, where two would be called the same."""
    named: dict[str, Model] = {}
    for model in models:
        called = name_for(name or model.text)
        if called in named:
            raise BadInput(
                f"{named[called].text} and {model.text}: both would be called {called!r}; ask one at a time, each with its "
                "own --name"
            )
        named[called] = model
    return named
