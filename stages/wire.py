"""Keep the lists of dvc.yaml."""

import click

from pipeline.wiring.form import check_form, form
from pipeline.wiring.wire import check_wired
from pipeline.wiring.wire import wire as wire_lists


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; fail where something is to be changed.")
def wire(check: bool) -> None:
    """Write every attack and family of probes of params.yaml into dvc.yaml, and params.yaml in the form that DVC keeps."""
    if check:
        check_wired()
        check_form()
        return
    for changed, file in ((wire_lists(), "dvc.yaml"), (form(), "params.yaml")):
        click.echo(f"{file}: {'written' if changed else 'nothing to do'}")
