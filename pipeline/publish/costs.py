"""What the published runs took: core-seconds of training, as each run's own machine measured them.

No run repeats its seconds. So they stand in no artifact and no report that a run makes: the store has them, a snapshot takes
those of its run, and reports/costs.csv shows what the snapshots say.
"""

from pathlib import Path

import pandas as pd

from pipeline.core.errors import BadInput
from pipeline.publish.remote import published
from pipeline.publish.snapshot import Snapshot, read_snapshot
from pipeline.publish.sums import REPORTS
from pipeline.publish.untrusted import parse_json
from pipeline.reports.tables import attack_of, costs
from pipeline.reports.text import write_csv

COSTS = REPORTS / "costs.csv"


def run_costs(snapshot: Snapshot) -> pd.DataFrame:
    """Models, training runs and core-seconds of a published run by attack, with its task in front and what published it."""
    try:
        attacks = [attack_of(parse_json(snapshot.files[f"records/{name}.json"], name)) for name in snapshot.records]
        table = costs(attacks, snapshot.seconds)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{snapshot.where('records')}: not the records of a run ({error!r})") from None
    table.insert(0, "task", snapshot.task)
    table["published_on"] = snapshot.machine
    return table


def write_costs() -> Path:
    """Write the costs of all published runs."""
    write_csv(pd.concat([run_costs(read_snapshot(task)) for task in published()], ignore_index=True), COSTS)
    return COSTS
