"""What a verdict page says of how often it is wrong is the sum of the benchmark's tables."""

import re

import pandas as pd

from pipeline.cases.measured import measured_rate
from tests.imports import ROOT

OWNER, OTHERS = (pd.read_csv(ROOT / f"benchmarks/verdicts/{name}.csv") for name in ("owner", "verdicts"))
INNOCENT = "irrelevant"


def counts(rows, called):
    """Innocents accused and all, copies found and all, as text."""
    groups = [rows[(rows["attack"] == INNOCENT) == innocent] for innocent in (True, False)]
    return tuple(str(own[name].sum()) for own in groups for name in (called, "suspects"))


def test_it_cites_the_references_of_an_owner_and_those_of_others():
    own = OWNER[(OWNER["references"] == 60) & (OWNER["answers"] == "labels")]
    other = OTHERS[(OTHERS["references"] >= 19) & (OTHERS["answers"] == "labels") & (OTHERS["queries"] == 100)]
    said = measured_rate("labels", 90, 50).split("; ")
    found = [re.search(r"(\d+) of (\d+) innocent models accused, (\d+) of (\d+) copies found", part).groups() for part in said]
    assert found == [counts(own, "copy"), counts(other, "called_copy")]
    assert "150 queries, 60 references" in said[0] and "100 queries, 20 references" in said[1]


def test_answers_that_nobody_measured_are_said_to_be_so():
    assert measured_rate("embeddings", 150, 20) == "not measured for such answers"
