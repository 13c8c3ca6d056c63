"""A fingerprint that somebody else computed is judged like our own, and a score file that is not in order is refused."""

import re

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from pipeline.core.errors import BadInput
from pipeline.reports.leaderboard import COLUMNS, as_records, lead, leaderboard, means, outcome, standings
from pipeline.reports.library import load
from pipeline.reports.report import write_report
from pipeline.reports.submitted import judged, read_submitted
from stages.cli import sac
from tests.test_sections import material


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Two tasks with the same suspects."""
    folder = tmp_path_factory.mktemp("all") / "reports"
    for task in ("one", "two"):
        write_report(material("SAC-JC"), folder / task)
    return folder


@pytest.fixture
def scores(reports, tmp_path):
    """SAC-JC's own scores of the task `one`, as somebody would submit them."""
    table = pd.read_csv(reports / "one/tables/scores.csv")
    frame = pd.DataFrame({"task": "one", "fingerprint": "Mine", "suspect": table["suspect"], "score": table["SAC-JC"]})
    return frame, tmp_path / "mine.csv"


def written(frame, file):
    frame.to_csv(file, index=False)
    return file


def test_submitted_scores_are_judged_like_our_own(reports, scores):
    found = judged(written(*scores), reports).set_index("attack")
    main = pd.read_csv(reports / "one/tables/main.csv").set_index("attack")
    assert found["auc"].to_dict() == pytest.approx(main["auc"].to_dict())
    assert found["f1"].to_dict() == pytest.approx(main["f1"].to_dict(), nan_ok=True)
    assert set(found["fingerprint"]) == {"Mine (submitted)"}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda frame: frame.rename(columns={"score": "value"}), "columns task, fingerprint, suspect, value"),
        (lambda frame: frame.assign(score="high"), "line 2: score 'high', expected a finite number"),
        (lambda frame: frame.assign(score=float("inf")), "line 2: score 'inf'"),
        (lambda frame: frame.assign(task="ons"), "'ons'.*one"),
        (lambda frame: frame.assign(fingerprint="<b>"), "line 2: fingerprint '<b>'"),
        (lambda frame: frame.assign(suspect="nobody"), "suspect"),
        (lambda frame: frame[1:], "all or none"),
        (lambda frame: pd.concat([frame, frame[:1]]), "twice"),
        (lambda frame: frame[:0], "0 rows"),
    ],
)
def test_a_score_file_out_of_order_is_refused_in_one_line(reports, scores, change, complaint):
    frame, file = scores
    with pytest.raises(BadInput, match=complaint) as refused:
        judged(written(change(frame), file), reports)
    assert "\n" not in str(refused.value)


def test_an_attack_that_does_not_apply_is_left_out(reports, scores):
    frame, file = scores
    left = frame[~frame["suspect"].str.startswith("finetune_all")]
    assert "finetune_all" not in set(judged(written(left, file), reports)["attack"])


def test_submitted_fingerprints_stand_in_the_leaderboard(reports, scores):
    file = written(*scores)
    done = CliRunner().invoke(sac, ["evaluate", str(file), "--reports", str(reports), "--submit"])
    assert done.exit_code == 0 and "Mine (submitted) on one" in done.output
    board = leaderboard(reports, read_submitted(reports))
    assert board[board["submitted"]]["fingerprint"].unique().tolist() == ["Mine (submitted)"]
    rows = as_records(board)
    assert all(list(row) == list(COLUMNS) for row in rows) and {row["task"] for row in rows} == {"one", "two"}
    file.write_text(file.read_text().replace("Mine", "Yours"))
    again = CliRunner().invoke(sac, ["evaluate", str(file), "--reports", str(reports), "--submit"])
    assert again.exit_code == 1 and "another name" in again.output
    (reports / "submitted/mine.csv").unlink()


def test_two_files_with_one_fingerprint_on_one_task_are_refused_by_their_names(reports, scores, tmp_path):
    (frame, _), folder = scores, reports / "submitted"
    other = written(frame.assign(score=frame["score"] / 2), tmp_path / "other.csv")
    folder.mkdir(exist_ok=True)
    written(frame, folder / "mine.csv")
    refusal = r"other.csv: gives Mine \(submitted\) on one, as .*submitted/mine.csv does"
    done = CliRunner().invoke(sac, ["evaluate", str(other), "--reports", str(reports), "--submit"])
    assert done.exit_code == 1 and re.search(refusal, done.output) and not (folder / "other.csv").exists()
    other.rename(folder / "other.csv")
    with pytest.raises(BadInput, match=refusal):
        read_submitted(reports)
    written(frame.assign(task="two"), folder / "other.csv")
    assert [set(own["task"]) for own in read_submitted(reports)] == [{"one"}, {"two"}]
    for name in ("mine.csv", "other.csv"):
        (folder / name).unlink()


def board_of(*rows):
    """Average AUCs as a leaderboard has them: task, image set, fingerprint, AUC, published AUC."""
    names = ["task", "images", "fingerprint", "auc", "published"]
    return pd.DataFrame([{**dict(zip(names, row, strict=True)), "attack": "average"} for row in rows])


def test_means_over_image_sets_leave_variants_out():
    board = board_of(
        ("a", "one", "X", 0.8, 1.0),
        ("b", "two", "X", 0.85, 0.5),
        ("c", "two", "X", 0.95, 0.7),
        ("regime_short", "one", "X", 0.1, 0.1),
        ("a", "one", "Y", 0.7, None),
        ("b", "two", "Y", 0.5, None),
        ("c", "two", "Y", 0.7, None),
    )
    row = means(board).set_index("fingerprint").loc["X"]
    assert (row["auc"], row["tasks"], row["sets"]) == (pytest.approx(0.85), 3, 2), "the mean of 0.8 and the second set's 0.9"
    assert row["published"] == pytest.approx(0.8)
    assert lead(board, "X", "Y")[0] == pytest.approx(0.2)
    assert outcome(board).startswith(
        "Over 3 tasks on 2 image sets, X tells copies from other models best: mean AUC 0.85 [0.21, 1.00]; Y has 0.65"
    )


def test_what_is_measured_elsewhere_is_not_ranked_beside_the_others():
    shared = [(task, task, name, auc, None) for task in "abc" for name, auc in (("X", 0.8), ("Y", 0.7))]
    board = board_of(*shared, ("a", "a", "Z", 1.0, None), ("b", "b", "Z", 1.0, None), ("c", "c", "Z", np.nan, None))
    assert list(standings(board)["fingerprint"]) == ["X", "Y"]
    assert outcome(board).startswith("Over 3 tasks on 3 image sets, X ")


def test_without_a_common_task_no_lead_is_told():
    said = outcome(board_of(("a", "a", "X", 0.8, None), ("b", "b", "SAC-JC", 0.7, None)))
    assert said.startswith("Over 1 task on 1 image set, X ") and "nan" not in said and "ahead" not in said


def test_a_partial_correlation_that_leads_says_what_it_takes():
    shared = [(task, task, f"Partial, {who}", auc, None) for task in "abc" for who, auc in (("innocents", 0.9), ("owner", 0.7))]
    said = outcome(board_of(*shared))
    assert said.endswith("which an owner seldom has: with the owner's it has 0.70 [0.70, 0.70].") and "found on some" in said


def test_all_tables_are_loaded_in_one_call(reports):
    found = load(reports)
    assert set(found["main"]["task"]) == {"one", "two"} and {"scores", "accuracy", "all_aucs"} <= set(found)
    assert len(found["main"]) == sum(len(pd.read_csv(reports / task / "tables/main.csv")) for task in ("one", "two"))
    done = CliRunner().invoke(sac, ["results", "main", "--reports", str(reports)])
    lines = done.output.splitlines()
    assert lines[0].startswith("task,fingerprint") and len(lines) == len(found["main"]) + 1


def test_a_name_with_a_line_break_is_told_in_one_line(reports, tmp_path):
    (tmp_path / "mine\n.csv").write_text("")
    done = CliRunner().invoke(sac, ["evaluate", str(tmp_path / "mine\n.csv"), "--reports", str(reports)])
    assert done.exit_code == 1 and done.output.count("\n") == 1 and r"mine\n.csv" in done.output
