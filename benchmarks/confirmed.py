"""Whether the frozen claim holds on zoos that nobody had scored when it was frozen (docs/protocol/partial.md).

    python -m benchmarks.confirmed fashion_mini fashion_mini_2 fashion_mini_3 fashion_mini_ewe

The average AUC over attacks by task, probes, comparison and references, read from the reports, beside SAC on the same probes.
Writes references/confirmed.csv.
"""

from pathlib import Path

import click
import pandas as pd

from pipeline.reports.tables import AVERAGE
from pipeline.reports.text import write_csv

HERE = Path(__file__).parent / "references"
PROBES = ["clean", "jpeg", "cutmix", "source_wrong", "wrong"]
COMPARED = ["cosine_l1", "pointwise_cosine", "partial", "partial_pointwise"]
SAC = ("cosine_l1", "")


def averages(task: str) -> pd.DataFrame:
    """Average AUC (a row for each comparison and kind of references, a column for each of PROBES) of a task, over logits."""
    aucs = pd.read_csv(f"reports/{task}/tables/all_aucs.csv").fillna({"references": ""})
    whole = aucs[aucs["count"] == aucs.groupby("method")["count"].transform("max")]
    own = whole[(whole["attack"] == AVERAGE) & (whole["representation"] == "logits") & whole["comparison"].isin(COMPARED)]
    return own.pivot(index=["comparison", "references"], columns="method", values="auc")[PROBES]


@click.command()
@click.argument("tasks", nargs=-1, required=True)
def main(tasks: tuple[str, ...]) -> None:
    """Compare on TASKS, and write the table."""
    each = {task: averages(task) for task in tasks}
    write_csv(pd.concat(each, names=["task"]).reset_index(), HERE / "confirmed.csv")
    mean = sum(each.values()) / len(each)
    leads = {task: table - table.loc[SAC] for task, table in each.items()}
    for key in mean.index.drop(SAC):
        ahead = sum(int((lead.loc[key] > 0).sum()) for lead in leads.values())
        least = min(lead.loc[key].min() for lead in leads.values())
        said = " ".join(f"{name} {value:.3f}" for name, value in mean.loc[key].items())
        of = len(PROBES) * len(each)
        click.echo(f"{' '.join(key):30s} {said}; ahead of SAC in {ahead} of {of}, by {least:+.3f} at least")
    click.echo(f"{'SAC':30s} {' '.join(f'{name} {value:.3f}' for name, value in mean.loc[SAC].items())}")


if __name__ == "__main__":
    main()
