"""Answers in blocks: every suspect in one, the models to compare with in all, and scores as if all were held at once."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.core.errors import BadInput
from pipeline.fingerprints.cosine_l1 import Comparison as CosineL1
from pipeline.fingerprints.files import Score, score_files, write_scored
from pipeline.fingerprints.matching import Comparison as Matching
from pipeline.fingerprints.partial import Comparison as Partial
from pipeline.fingerprints.redraws import ranked, redraw_frame, redraw_scores
from pipeline.fingerprints.scoring import FINGERPRINT, score_frame
from pipeline.outputs import streaming, table
from pipeline.outputs.streaming import count_blocks, read_blocks
from pipeline.outputs.table import read_outputs, write_outputs
from pipeline.probes.probe_set import probe_set

COMPARISONS = {"cosine_l1": CosineL1(), "matching": Matching(), "partial": Partial()}
SCORE = Score("made", COMPARISONS, (5,), 4)
KEYS = [*FINGERPRINT, "count", "suspect"]
PROBES = 12


def models():
    """A source, references, irrelevant models of two architectures, copies, and two models of other classes."""
    yield "source", "source", "vgg", 0, 4
    for seed in range(2):
        for arch in ("vgg", "resnet"):
            yield f"references-{arch}-{seed}", "references", arch, seed, 4
            yield f"irrelevant-{arch}-{seed}", "irrelevant", arch, seed, 4
    for seed in range(6):
        yield f"copy-vgg-{seed}", "copy", "vgg", seed, 4
    for seed in range(2):
        yield f"transfer-vgg-{seed}", "transfer", "vgg", seed, 5


def blocks():
    draw = np.random.default_rng(0)
    sets = [
        probe_set(method, np.zeros((PROBES, 1, 2, 2), np.uint8), np.arange(PROBES) % 4, np.arange(PROBES))
        for method in ("clean", "jpeg")
    ]
    for suspect, attack, arch, seed, classes in models():
        about = {"attack": attack, "arch": arch, "seed": seed, "variant": "", "suspect": suspect}
        answers = [(own, draw.normal(size=(PROBES, classes)).astype(np.float32)) for own in sets]
        yield about, tuple("abcdefgh"[:classes]), answers


@pytest.fixture(params=[1 << 30, 300])
def file(tmp_path, request, monkeypatch):
    """A file of one group of rows, and one of many."""
    monkeypatch.setattr(table, "GROUP", request.param)
    write_outputs(tmp_path / "out.parquet", "made", blocks())
    return tmp_path / "out.parquet"


def whole(file):
    return pd.concat([score_frame("made", answers, COMPARISONS, (5,)) for answers in read_outputs(file)], ignore_index=True)


@pytest.mark.parametrize("most", [1, 200, 500, 1 << 20])
def test_every_suspect_is_in_one_block_and_those_to_compare_with_in_all(file, most):
    found = list(read_blocks(file, most))
    assert len(found) == count_blocks(file, most) and (len(found) == 1) == (most == 1 << 20)
    assert sorted(name for block in found for name in block.suspects) == sorted(name for name, *_ in models())
    for block in found:
        for answers in block.answers:
            there = set(answers.suspects["suspect"])
            assert there >= {name for name, attack, *_ in models() if attack in streaming.BESIDE[1:]}
            assert there >= block.suspects - {"source"}


@pytest.mark.parametrize("most", [1, 200, 500])
def test_scores_of_blocks_are_those_of_all_at_once(file, most):
    parts = [
        score_frame("made", answers, COMPARISONS, (5,), block.suspects)
        for block in read_blocks(file, most)
        for answers in block.answers
    ]
    found = pd.concat(parts, ignore_index=True).sort_values(KEYS, ignore_index=True)
    expected = whole(file).sort_values(KEYS, ignore_index=True)
    assert found[KEYS].equals(expected[KEYS])
    np.testing.assert_allclose(found["score"], expected["score"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_files_are_scored_in_their_order_however_many_work(file, jobs, monkeypatch, tmp_path):
    monkeypatch.setenv("SAC_JOBS", jobs)
    other = Path(shutil.copy(file, tmp_path / "other.parquet"))
    write_scored(score_files(SCORE, [file, other]), "made", {}, tmp_path / "scores", tmp_path / "ranks")
    expected = pd.concat([whole(file), whole(file)], ignore_index=True)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "scores"), expected, check_dtype=False)
    again = pd.concat([redraw_frame("made", answers, COMPARISONS, 4, ()) for answers in read_outputs(file)] * 2)
    found = pd.read_parquet(tmp_path / "ranks")
    assert len(found) and [list(own) for own in found["ranks"]] == [list(own) for own in again["ranks"]]


def test_ranks_are_among_the_suspects_of_all_blocks(file):
    parts = [
        one
        for block in read_blocks(file, 200)
        for answers in block.answers
        for one in redraw_scores(answers, COMPARISONS, 4, (), block.suspects)
    ]
    found = ranked("made", parts).sort_values([*FINGERPRINT, "suspect"], ignore_index=True)
    whole_file = [redraw_frame("made", answers, COMPARISONS, 4, ()) for answers in read_outputs(file)]
    expected = pd.concat(whole_file).sort_values([*FINGERPRINT, "suspect"], ignore_index=True)
    assert found.drop(columns="ranks").equals(expected.drop(columns="ranks"))
    assert [list(own) for own in found["ranks"]] == [list(own) for own in expected["ranks"]]


def test_a_file_without_rows_has_no_scores(tmp_path):
    write_outputs(tmp_path / "none.parquet", "made", [])
    assert count_blocks(tmp_path / "none.parquet") == 0 and list(read_blocks(tmp_path / "none.parquet")) == []
    with pytest.raises(BadInput, match="nothing to score"):
        write_scored(score_files(SCORE, [tmp_path / "none.parquet"]), "made", {}, tmp_path / "scores", tmp_path / "ranks")


def test_what_is_no_file_of_outputs_is_refused_before_anything_is_scored(tmp_path):
    (tmp_path / "junk.parquet").write_bytes(b"junk")
    with pytest.raises(BadInput, match=r"junk\.parquet: damaged"):
        list(score_files(SCORE, [tmp_path / "junk.parquet"]))
