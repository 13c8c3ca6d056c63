"""What the commands on an owner's case share: how they end, and the options on a model's input and on its loader."""

from collections.abc import Callable

import click

from pipeline.core.errors import BadInput


class CaseCommand(click.Command):
    """A command on an owner's case: bad input ends in one line and exit code 2, a changed file in exit code 4."""

    def invoke(self, ctx: click.Context) -> object:
        from pipeline.cases.commitment import Tampered

        try:
            return super().invoke(ctx)
        except Tampered as error:
            click.echo(f"TAMPERED: {one_line(str(error))}", err=True)
            ctx.exit(4)
        except BadInput as error:
            click.echo(f"Error: {one_line(str(error))}", err=True)
            ctx.exit(2)


def one_line(text: str) -> str:
    """Text from outside in one line that no terminal takes for a command."""
    return " ".join("".join(part if part.isprintable() else " " for part in text).split())


def read_by(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options on a model's input."""
    for option in (
        click.option("--mean", help="Mean of each channel, after scaling: 0.5 or 0.485,0.456,0.406."),
        click.option("--std", help="Standard deviation of each channel."),
        click.option(
            "--scale",
            type=click.Choice(["unit", "byte"]),
            default="unit",
            show_default=True,
            help="Pixels from 0 to 1, or from 0 to 255.",
        ),
        click.option("--layout", type=click.Choice(["nchw", "nhwc"]), default="nchw", show_default=True),
        click.option("--size", type=click.IntRange(1, 4096), help="Side of the pictures in pixels."),
        click.option("--channels", type=click.Choice(["1", "3"]), help="Grey or colour; else as the model says."),
    ):
        command = option(command)
    return command


def limited(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options on a loader's memory and time."""
    for name, default, what in (
        ("--gigabytes", 6.0, "Memory that a model's loader may use"),
        ("--seconds", 600.0, "Time that it may take"),
    ):
        positive = click.FloatRange(0, min_open=True)
        command = click.option(name, type=positive, default=default, show_default=True, help=f"{what}.")(command)
    return command


def seen_as(options: dict[str, object]) -> dict[str, object]:
    """The values of a `Pixels` record from a command's options."""
    channels = options["channels"]
    return {
        "scale": options["scale"],
        "mean": _numbers("--mean", options["mean"]),
        "std": _numbers("--std", options["std"]),
        "size": options["size"],
        "channels": None if channels is None else int(str(channels)),
        "layout": options["layout"],
    }


def _numbers(option: str, text: object) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        return tuple(float(part) for part in str(text).split(","))
    except ValueError:
        raise BadInput(f"{option}: {text!r}, expected numbers separated by commas") from None
