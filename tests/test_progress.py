"""What `sac repro` makes of dvc's lines."""

import sys

import pytest

from pipeline.wiring.progress import Progress, planned, spoken
from pipeline.wiring.stages import Stage
from stages.repro import follow

STAGES = [Stage("check", "check", (None,)), Stage("zoo", "zoo", ("prune", "distill")), Stage("score", "score", (None,))]


def test_the_plan_has_every_item_of_every_task():
    assert planned(STAGES, 2) == ["check", *["zoo"] * 4, *["score"] * 2]


def test_the_time_left_follows_the_pace():
    progress = Progress(["zoo"] * 4)
    assert progress.read("Running stage 'zoo@a-prune':\n", 0.0) == "stage 1 of 4: zoo prune (a)"
    assert progress.read("Running stage 'zoo@a-distill':\n", 100.0) == "stage 2 of 4: zoo distill (a)"
    assert progress.read("Running stage 'zoo@b-prune':\n", 200.0) == "stage 3 of 4: zoo prune (b), about 3 min left"
    skipped = progress.read("Stage 'zoo@b-distill' didn't change, skipping\n", 300.0)
    assert skipped == "stage 4 of 4: zoo distill (b), nothing to do"
    progress.close(300.0)
    assert progress.seconds == {"zoo@a-prune": 100.0, "zoo@a-distill": 100.0, "zoo@b-prune": 100.0}
    assert progress.left == pytest.approx(0)


@pytest.mark.parametrize("line", ["> sac zoo a prune", "\n", "\tgit add dvc.lock", "Use `dvc push` to send your updates"])
def test_what_needs_no_reader_is_left_out(line):
    assert Progress([]).read(line, 0.0) is None


def test_errors_are_passed_on():
    assert Progress([]).read("ERROR: failed to reproduce 'x'\n", 0.0) == "ERROR: failed to reproduce 'x'"
    assert spoken("check") == "check" and spoken("score@a") == "score (a)"


def test_the_command_is_followed_to_its_end(capsys):
    progress = Progress(["check"])
    said = "print(\"Running stage 'check':\"); print('> sac check'); raise SystemExit(3)"
    code = follow([sys.executable, "-c", said], progress)
    assert code == 3 and capsys.readouterr().out == "stage 1 of 1: check\n" and list(progress.seconds) == ["check"]
