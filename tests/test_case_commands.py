"""The commands on a case: what they print, how they end, and the examples of docs/cases.md."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from pipeline.cases import owner
from pipeline.data.images import save_images
from tests.browser import browser, opened
from tests.casemaking import COPY, INNOCENT, SOURCE, enrolled, noise_pictures, references, sac
from tests.imports import ROOT
from tests.repository import environment

GUIDE = (ROOT / "docs/cases.md").read_text(encoding="utf-8")
RUN = ROOT / "artifacts/fashion_mini"
MODELS = """
from functools import partial
from tests.browser import browser, opened
from tests.casemaking import COPY, INNOCENT, SOURCE, references
source, copied, innocent = SOURCE, COPY, INNOCENT
"""


@pytest.fixture
def place(tmp_path):
    """A folder with pictures and a module of models."""
    save_images(noise_pictures(90), tmp_path / "pool.safetensors")
    (tmp_path / "mine.py").write_text(MODELS + "".join(f"reference_{k} = references(40)[{k}]\n" for k in range(20)))
    return tmp_path


def run(place, *words):
    return sac(*words, folder=place)


def enroll(place, *options):
    others = [word for k in range(20) for word in ("--reference", f"python:mine:reference_{k}")]
    return run(
        place, "enroll", "python:mine:source", "--images", "pool.safetensors", "--count", 40, "--out", "case", *others, *options
    )


def test_the_steps_of_an_owner_end_as_they_say(place):
    done = enroll(place)
    assert done.returncode == 0 and "40 probes (cutmix) of 90 pictures, 20 references" in done.stdout, done.stderr
    assert "40 answers, 40 queries: logits" in run(place, "ask", "case", "python:mine:copied").stdout
    assert run(place, "verify", "case").returncode == 1
    assert "copied: copy (p = 0.048)" in run(place, "verify", "case").stdout
    held = run(place, "recheck", "case", "--images", "pool.safetensors")
    assert held.returncode == 0 and "holds: committed to" in held.stdout and "drawn from the pool" in held.stdout
    (place / "case/enrolled/source.csv").write_text("probe\n")
    broken = run(place, "recheck", "case")
    assert (
        broken.returncode == 4
        and broken.stderr == "TAMPERED: enrolled/source.csv: changed since commitment.sha256 was written\n"
    )


def test_the_published_commitment_is_compared(tmp_path):
    case = enrolled(tmp_path / "case")
    owner.ask(case, COPY, name="copied")
    published = owner.verify(case).commitment
    held = sac("recheck", case, "--commitment", published)
    assert held.returncode == 0 and f"holds: committed to {published}" in held.stdout, held.stderr
    assert sac("recheck", case, "--commitment", published[::-1]).returncode == 4


def test_an_owner_names_level_probes_and_a_known_copy(place):
    """Twenty references can give a p-value of 1/21, which is above 4 %."""
    done = enroll(place, "--alpha", 0.04, "--method", "jpeg", "--known-copy", "python:mine:copied")
    assert done.returncode == 0 and "40 probes (jpeg)" in done.stdout, done.stderr
    assert run(place, "ask", "case", "python:mine:copied").returncode == 0
    assert run(place, "verify", "case").returncode == 3
    assert run(place, "recheck", "case").returncode == 0


def test_exit_codes_tell_verdicts_apart(tmp_path):
    one, two = enrolled(tmp_path / "one", number=24), enrolled(tmp_path / "two", number=5)
    for case in (one, two):
        owner.ask(case, INNOCENT, name="innocent")
    assert sac("verify", one).returncode == 0 and sac("verify", two).returncode == 3
    assert sac("verify", one, "nobody").returncode == 2 and sac("verify", tmp_path).returncode == 2
    assert sac("verify").returncode == 2


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "nowhere"),
        ("ask", "nowhere", "m.onnx"),
        ("recheck", "nowhere"),
        ("export", "nowhere", "--out", "x"),
        ("import", "nowhere", "a.csv"),
        ("enroll", "m.onnx", "--images", "nowhere", "--out", "x"),
        ("enroll", "m.pth", "--images", "pool.safetensors", "--out", "x"),
        ("enroll", "http://127.0.0.1:1/v2/models/m", "--images", "pool.safetensors", "--out", "x"),
        ("enroll", "m.onnx", "--images", "pool.safetensors", "--out", "x", "--mean", "grey"),
    ],
)
def test_bad_input_ends_in_one_line_and_code_2(place, words):
    done = run(place, *words)
    assert (
        done.returncode == 2
        and done.stderr.count("\n") == 1
        and done.stderr.startswith("Error: ")
        and not (place / "x").exists()
    )


def test_probes_go_out_as_pictures_and_answers_come_back_in_a_table(tmp_path):
    case = enrolled(tmp_path / "case", count=40)
    assert sac("export", case, "--out", tmp_path / "out").returncode == 0
    probes = owner.probes_of(case)
    assert len(list((tmp_path / "out/probes").glob("*.png"))) == 40
    lines = (tmp_path / "out/answers.csv").read_text().splitlines()
    filled = [lines[0], *(line + f"thing {label}" for line, label in zip(lines[1:], COPY(probes).argmax(axis=1), strict=True))]
    (tmp_path / "out/answers.csv").write_text("\n".join(filled))
    assert "them: labels alone" in sac("import", case, tmp_path / "out/answers.csv", "--name", "them").stdout
    assert sac("verify", case).returncode == 1
    assert sac("import", case, tmp_path / "out/answers.csv", "--name", "them").returncode == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text.replace("probe,", "picture,"), "no column probe"),
        (lambda text: text.replace("007.png", "006.png"), "stands there twice"),
        (lambda text: text.replace("007.png", "../../7"), "expected 0 to 39"),
        (lambda text: text.replace("007.png,thing", "007.png,<b>"), "row 9: answers"),
        (lambda text: text[: text.index("020.png")], "have no row"),
        (lambda text: "\0" + text, "row|column|not a CSV"),
    ],
)
def test_a_table_that_is_filled_in_wrong_names_the_row(tmp_path, change, says):
    case = enrolled(tmp_path / "case", count=40)
    text = "probe,label\n" + "".join(f"{place:03d}.png,thing {place % 5}\n" for place in range(40))
    (tmp_path / "answers.csv").write_text(change(text))
    done = sac("import", case, tmp_path / "answers.csv")
    assert done.returncode == 2 and re.search(says, done.stderr) and done.stderr.count("\n") == 1
    assert not (case / "suspects/answers").exists()


def test_best_classes_and_parquet_are_read_too(tmp_path):
    import pandas as pd

    case = enrolled(tmp_path / "case", count=40)
    logits = COPY(owner.probes_of(case)).astype(float)
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    order = np.argsort(-chances, axis=1)
    rows = {"probe": range(40)}
    for rank in (1, 2):
        rows |= {f"label_{rank}": order[:, rank - 1], f"score_{rank}": np.take_along_axis(chances, order, 1)[:, rank - 1]}
    pd.DataFrame(rows).to_csv(tmp_path / "best.csv", index=False)
    pd.DataFrame({"probe": range(40), **{f"thing {k}": chances[:, k] for k in range(5)}}).to_parquet(tmp_path / "all.parquet")
    assert "the 2 best classes" in sac("import", case, tmp_path / "best.csv").stdout
    assert "all: probabilities" in sac("import", case, tmp_path / "all.parquet").stdout
    assert sac("verify", case, "all").returncode in (1, 3)


def test_the_python_example_of_the_guide_runs(tmp_path, monkeypatch, capsys):
    code = re.search(r"```python\n(.*?)```", GUIDE, re.S).group(1)
    monkeypatch.chdir(tmp_path)
    exec(code, {"my_model": SOURCE, "my_pictures": noise_pictures(90), "other_models": references(40), "suspect": COPY})
    assert capsys.readouterr().out.splitlines() == ["theirs copy 0.04878048780487805", "told copy 0.04878048780487805"]
    assert len(code.strip().splitlines()) <= 11


@pytest.mark.slow  # trains sixty references
@pytest.mark.skipif(not RUN.exists(), reason="the embedded run is not there: make repro")
def test_the_case_of_the_guide_gives_the_verdicts_that_it_says(tmp_path):
    (tmp_path / "artifacts").symlink_to(ROOT / "artifacts")
    commands = re.search(r"```\n(RUN=.*?)```", GUIDE, re.S).group(1)
    done = subprocess.run(["bash", "-c", commands], cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert re.findall(r": (copy|no copy shown|undecided) \(p", done.stdout) == ["copy", "copy", "no copy shown"], (
        done.stdout + done.stderr
    )
    assert "holds: committed to" in done.stdout


@browser
def test_the_verdict_page_opens_in_a_browser_without_a_network(tmp_path):
    case = enrolled(tmp_path / "case")
    owner.ask(case, COPY, name="copied")
    owner.verify(case)
    shown = opened(Path(case / "verdict/verdict.html"), tmp_path / "profile")
    assert shown.count("<svg") == 1 and "What this proves, and what it does not" in shown and "copied: copy" in shown
    assert not re.findall(r'(?:src|href)="(?!#)[^"]+"', shown.replace("xlink:href", ""))
