"""Asking the suspects of a case: what each is called, and that nobody asks the same one twice."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from pipeline.cases import owner
from pipeline.cases.case import alone
from pipeline.cases.commitment import Tampered
from pipeline.cases.log import Log
from pipeline.core.errors import BadInput
from stages.cli import sac
from tests.casemaking import COPY, INNOCENT, enrolled
from tests.serving import serving


@pytest.fixture
def case(tmp_path):
    return enrolled(tmp_path / "case", count=40)


def test_suspects_that_would_be_called_the_same_are_refused_and_both_named(case, tmp_path):
    words = ["ask", str(case), f"{tmp_path}/a/model.onnx", f"{tmp_path}/b/model.onnx"]
    done = CliRunner().invoke(sac, words)
    assert done.exit_code == 2 and done.output.count("\n") == 1
    assert f"{tmp_path}/a/model.onnx and {tmp_path}/b/model.onnx: both would be called 'model'" in done.output
    assert "--name" in done.output and not (case / "suspects").exists()


def test_two_runs_that_ask_the_same_suspect_ask_nothing_twice(case, tmp_path):
    with serving(lambda path, headers, body: [1, 2, 3, 4, len(body) % 7]) as server:
        (tmp_path / "theirs.yaml").write_text(yaml.safe_dump({"url": server.address}))
        with ThreadPoolExecutor(2) as threads:
            runs = [threads.submit(owner.ask, case, str(tmp_path / "theirs.yaml")) for _ in range(2)]
        assert [run.result().answered for run in runs] == [40, 40] and len(server.queries) == 40
    assert owner.verify(case) and owner.recheck(case)


def test_who_asks_a_suspect_keeps_others_from_asking_it(case, monkeypatch):
    monkeypatch.setenv("SAC_WAIT", "0")
    (case / "model.yaml").touch()
    answers = COPY(owner.probes_of(case))
    with alone(case, "theirs.lock", "asking theirs"):
        for suspect in (str(case / "model.yaml"), answers):
            with pytest.raises(BadInput, match=r"theirs\.lock: held by process .* asking theirs since"):
                owner.ask(case, suspect, name="theirs")
        assert owner.ask(case, answers, name="another").answered == 40


def test_nothing_is_written_where_a_link_in_a_case_leads(case, tmp_path):
    (tmp_path / "precious").write_text("precious")
    (case / "locks").mkdir(exist_ok=True)
    (case / "locks/theirs.lock").symlink_to(tmp_path / "precious")
    with pytest.raises(Tampered, match=r"locks/theirs\.lock: a link"):
        owner.ask(case, COPY, name="theirs")
    assert (tmp_path / "precious").read_text() == "precious"


def test_a_torn_line_is_cut_off_a_log_which_is_never_written_anew(case, monkeypatch):
    owner.ask(case, INNOCENT, name="it")
    path = case / "suspects/it/log.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"time": "torn')
    monkeypatch.delattr(Path, "write_bytes")
    assert len(Log(path, 40).known) == 40 and path.read_bytes() == whole


def test_an_import_that_was_killed_is_done_again(case, monkeypatch):
    answers, write = COPY(owner.probes_of(case)), Log.write

    def killed(log, **about):
        if about["probe"] == 7:
            raise KeyboardInterrupt
        write(log, **about)

    monkeypatch.setattr(Log, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        owner.ask(case, np.flip(answers), name="theirs")
    monkeypatch.undo()
    assert owner.ask(case, answers, name="theirs").answered == 40
    lines = (case / "suspects/theirs/log.jsonl").read_text().splitlines()
    assert [json.loads(line)["probe"] for line in lines] == list(range(40))
    assert owner.verify(case).verdicts[0].verdict == "copy"
    with pytest.raises(BadInput, match="has answers already"):
        owner.ask(case, answers, name="theirs")
