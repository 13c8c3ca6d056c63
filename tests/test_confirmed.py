"""What was frozen, on zoos that came later: who is ahead of SAC, and in how many cells."""

import re

import pandas as pd
import pytest

from pipeline.reports.confirmed import CONFIRMING, PROBES, claim, confirmed, confirmed_grid, outcome
from pipeline.reports.overview import main_tables
from pipeline.reports.regimes import is_regime
from tests.imports import ROOT

AHEAD = {
    ("cosine_l1", ""): 0.7,
    ("partial", "owner"): 0.8,
    ("partial_pointwise", "innocents"): 0.6,
    ("pointwise_cosine", ""): 0.75,
    ("matching", ""): 1.0,
}


def write_aucs(reports, task):
    rows = [
        (method, "logits", comparison, references, count, attack, auc - (attack == "prune") - (count < 100) / 2)
        for (comparison, references), auc in AHEAD.items()
        for method in [*PROBES, "ipguard"]
        for count in (10, 100)
        for attack in ("prune", "average")
    ]
    columns = ["method", "representation", "comparison", "references", "count", "attack", "auc"]
    (reports / task / "tables").mkdir(parents=True)
    pd.DataFrame(rows, columns=columns).to_csv(reports / task / "tables/all_aucs.csv", index=False)


def main_table(auc=0.9, published="0.60"):
    attacks = ["finetune_all", "prune", "transfer_all", "average", "pooled"]
    own = {"attack": attacks, "auc": auc, "low": auc - 0.05, "high": auc + 0.05, "published": published, "inside": "no"}
    own |= {"published_p_value": "", "published_f1": ""}
    return pd.concat([pd.DataFrame({"fingerprint": name, **own}) for name in ("SAC-m", "Partial, owner", "CAE")])


def test_leads_are_counted_over_tasks_and_probes(tmp_path):
    write_aucs(tmp_path, "fashion_mini")
    write_aucs(tmp_path, "digits")
    found = claim(tmp_path)
    assert set(found["task"]) == {"fashion_mini"}, "digits was trained before anything was frozen"
    leads = found.set_index(["comparison", "references"])
    assert leads.loc[("partial", "owner"), "ahead"] == len(PROBES)
    assert leads.loc[("partial", "owner"), "least"] == pytest.approx(0.1)
    assert leads.loc[("partial_pointwise", "innocents"), "ahead"] == 0
    assert leads.loc[("pointwise_cosine", ""), "least"] == pytest.approx(0.05)
    assert "matching" not in set(found["comparison"])
    said = outcome(found, {"fashion_mini": main_table()})
    assert said[0] == (
        "partial, references owner: ahead of SAC in 5 of 5 cells of task and probes, and of pointwise_cosine in 5, of SAC by "
        "+0.100 at least; mean average AUC 0.800, SAC 0.700."
    )
    assert said[1].startswith(
        "partial_pointwise, references innocents: ahead of SAC in 0 of 5 cells of task and probes, and of "
    )
    assert said[2] == (
        "pointwise_cosine, which needs no references: ahead of SAC in 5 of 5 cells of task and probes, of SAC by +0.050 at "
        "least; mean average AUC 0.750, SAC 0.700."
    )
    assert said[3] == (
        "fashion_mini: 0 of 12 published AUCs lie in our intervals; mean gap 0.30, 0.30 without fine-tuning and the average."
    )
    assert claim(tmp_path / "nothing").empty


def test_the_table_has_the_papers_attacks_of_what_is_compared():
    frame = confirmed({"fashion_mini": main_table(), "cifar10": main_table()})
    assert confirmed_grid(frame).to_dict("list") == {
        "fingerprint": ["SAC-m", "Partial, owner"],
        "task": ["fashion_mini"] * 2,
        "finetune_all": ["0.90 [0.85, 0.95] (paper 0.60)"] * 2,
        "prune": ["0.90 [0.85, 0.95] (paper 0.60)"] * 2,
        "average": ["0.90 [0.85, 0.95] (paper 0.60)"] * 2,
    }
    assert confirmed({}).empty


def test_every_published_zoo_that_came_later_is_shown_and_was_written_down():
    """Runs that precede what was frozen asked no reference models of the owner."""
    mains = main_tables(ROOT / "reports")
    later = {task for task, main in mains.items() if "Partial, owner" in set(main["fingerprint"]) and not is_regime(task)}
    assert later | {"regime_long"} == set(CONFIRMING)
    protocol = (ROOT / "docs/protocol/partial.md").read_text(encoding="utf-8")
    assert {task for task in CONFIRMING if f"`{task}`" not in protocol and not re.match("fashion_mini_", task)} == set()
