"""The `sac` command: one subcommand for each stage, loaded when it is called."""

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from keyword import iskeyword
from pathlib import Path
from typing import Any

import click

from pipeline.core.errors import BadInput, one_line, unknown
from pipeline.core.lockfile import trouble

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")


class Stages(click.Group):
    """The files of this folder, each a command of its name; errors end in one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        files = Path(__file__).parent.glob("[!_]*.py")
        return sorted(file.stem for file in files if file.stem not in ("cases", "cli", "paths"))

    def get_command(self, ctx: click.Context, name: str) -> click.Command:
        if name not in self.list_commands(ctx):
            raise click.UsageError(unknown("command", name, self.list_commands(ctx)))
        command: click.Command = getattr(import_module(f"stages.{name}"), f"{name}_" if iskeyword(name) else name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with _guarded():
                return super().invoke(ctx)
        except BadInput as error:
            raise click.ClickException(one_line(str(error))) from None
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(one_line(f"{place}{error.strerror or error}")) from None


def _guarded() -> AbstractContextManager[None]:
    if "DVC_STAGE" not in os.environ:
        return nullcontext()
    from pipeline.wiring.guard import guarded

    return guarded(os.environ["DVC_STAGE"])


@click.group(cls=Stages, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sac-bench")
def sac() -> None:
    """Is this suspect model a copy of mine? The stages of the sac-bench pipeline, as `dvc repro` calls them."""
    if "DVC_STAGE" not in os.environ and (found := trouble()):
        click.echo(found, err=True)


if __name__ == "__main__":
    sys.exit(sac())
