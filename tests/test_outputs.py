"""The border file: what is written comes back, and what is wrong names the suspect."""

import json
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.core.errors import BadInput
from pipeline.outputs.streaming import read_blocks
from pipeline.outputs.table import CLASSES, SCHEMA, STEP, SUSPECT, read_outputs, write_outputs, write_table, write_tables
from pipeline.probes.probe_set import probe_set

NAMES = ("a", "b", "c")


def sets():
    images = np.zeros((4, 1, 2, 2), np.uint8)
    return [
        probe_set("clean", images, np.array([0, 1, 2, 0]), np.arange(4)),
        probe_set("jpeg", images[:3], np.array([2, 1, 0]), np.arange(3), np.array([0, 0, 1])),
    ]


def about(name, attack="finetune_all", seed=0):
    return {"attack": attack, "arch": "vgg_slim", "seed": seed, "variant": "", "suspect": name}


def blocks(change=lambda name, kind, logits: logits, widths=(3, 3, 5)):
    draw = np.random.default_rng(0)
    for place, (name, width) in enumerate(zip(("source", "one", "two"), widths, strict=True)):
        answers = [
            (probes, change(name, probes.method, draw.normal(size=(len(probes), width)).astype(np.float32)))
            for probes in sets()
        ]
        names = NAMES if width == 3 else tuple("vwxyz")[:width]
        yield about(name, "source" if name == "source" else "finetune_all", place), names, answers


@pytest.fixture
def file(tmp_path):
    write_outputs(tmp_path / "out.parquet", "made", blocks())
    return tmp_path / "out.parquet"


def test_answers_come_back_to_the_nearest_step(file):
    clean, compressed = read_outputs(file)
    expected = {(suspect["suspect"], probes.method): logits for suspect, _, answers in blocks() for probes, logits in answers}
    assert (clean.method, compressed.method) == ("clean", "jpeg")
    assert np.abs(clean.source - expected["source", "clean"]).max() <= STEP / 2
    for answers in (clean, compressed):
        for name, logits in zip(answers.suspects["suspect"], answers.logits, strict=True):
            assert np.abs(logits - expected[name, answers.method]).max() <= STEP / 2 and not (logits % STEP).any()
    assert clean.labels.tolist() == [0, 1, 2, 0] and compressed.targets.tolist() == [0, 0, 1]
    assert list(clean.suspects.columns) == SUSPECT and clean.classes == [NAMES, tuple("vwxyz")]


def test_class_names_stand_once_however_many_suspects_have_them(file):
    told = json.loads(pq.read_metadata(file).metadata[CLASSES])
    assert told == {"source": list(NAMES), "one": "source", "two": list("vwxyz")}
    each = json.dumps({"source": NAMES, "one": NAMES, "two": list("vwxyz")}).encode()
    before = read_outputs(file)
    write_table(file, pq.read_table(file).replace_schema_metadata({CLASSES: each}), {"task": "made"})
    for own, other in zip(before, read_outputs(file), strict=True):
        assert own.classes == other.classes and own.source_classes == other.source_classes == NAMES


def test_suspects_with_the_same_classes_are_stacked(file):
    groups = list(read_outputs(file)[0].groups())
    assert [(places.tolist(), stack.shape, same) for places, stack, same in groups] == [
        ([0], (1, 4, 3), True),
        ([1], (1, 4, 5), False),
    ]


def test_the_schema_is_the_documented_one(file):
    assert pq.read_schema(file).names == SCHEMA.names


@pytest.mark.parametrize(("value", "says"), [(np.nan, "two.*NaN"), (np.inf, "two.*infinite")])
def test_answers_that_are_no_numbers_are_refused_when_written(tmp_path, value, says):
    def change(name, kind, logits):
        logits[0, 0] = value if (name, kind) == ("two", "jpeg") else logits[0, 0]
        return logits

    with pytest.raises(BadInput, match=says):
        write_outputs(tmp_path / "out.parquet", "made", blocks(change))
    assert list(tmp_path.iterdir()) == []


def test_too_few_answers_are_refused_when_written(tmp_path):
    with pytest.raises(BadInput, match=r"one: answers \(2, 3\) to 3 probes of method 'jpeg'"):
        write_outputs(
            tmp_path / "x", "made", blocks(lambda name, kind, logits: logits[:2] if (name, kind) == ("one", "jpeg") else logits)
        )


def rewritten(file, change):
    table = pq.read_table(file)
    frame = change(table.to_pandas())
    changed = pa.Table.from_pandas(frame, schema=SCHEMA, preserve_index=False)
    write_table(file, changed.replace_schema_metadata(table.schema.metadata), {"task": "made"})
    return file


def with_output(frame, row, value):
    frame["output"] = [np.array(value, np.float32) if place == row else own for place, own in enumerate(frame["output"])]
    return frame


def row_of(frame, suspect, kind, probe=0):
    return frame[(frame["suspect"] == suspect) & (frame["method"] == kind) & (frame["probe"] == probe)].index[0]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: f.drop(row_of(f, "one", "clean", 2)), "one answered 3 probes of method 'clean', expected 4"),
        (lambda f: with_output(f, row_of(f, "one", "jpeg"), [1, 2]), "one gave answers of mixed widths"),
        (lambda f: with_output(f, row_of(f, "two", "jpeg"), [np.nan] * 5), "two: NaN or infinite"),
        (lambda f: f[f["suspect"] != "source"], "expected the answers of one source to 'clean', found 0"),
        (lambda f: f.assign(label=f["label"].where(f["suspect"] != "two", 1)), "two answered other probes"),
        (lambda f: f.assign(suspect=f["suspect"].where(f["probe"] != 1, None)), "column suspect has empty cells"),
        (lambda f: f.assign(output=f["output"].where(f["probe"] != 1, None)), "column output has empty cells"),
    ],
)
def test_a_broken_file_names_the_suspect(file, change, says):
    with pytest.raises(BadInput, match=says):
        read_outputs(rewritten(file, change))


@pytest.mark.parametrize("content", [None, b"", b"junk", b"PAR1" + b"x" * 50 + b"PAR1"])
def test_a_file_that_is_none_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "x.parquet").write_bytes(content)
    with pytest.raises(BadInput, match=r"x\.parquet"):
        read_outputs(tmp_path / "x.parquet")


def test_a_file_without_class_names_is_refused(file):
    write_table(file, pq.read_table(file).replace_schema_metadata({}), {"task": "made"})
    with pytest.raises(BadInput, match="not a file of outputs"):
        read_outputs(file)
    assert CLASSES == b"sac_classes"


@pytest.mark.parametrize(
    "names",
    [
        b"[]",
        b"7",
        b'{"source": 3}',
        b'{"source": "abc"}',
        b'{"source": "one", "one": "source"}',
        b'{"source": [1, 2, 3]}',
        b'{"source":' + b"[" * 100_000,
        b"\xff",
    ],
    ids=lambda names: repr(names[:20]),
)
@pytest.mark.parametrize("read", [read_outputs, lambda path: list(read_blocks(path))], ids=["whole", "blocks"])
def test_class_names_that_are_no_lists_of_names_are_refused_in_one_line(file, names, read):
    write_table(file, pq.read_table(file).replace_schema_metadata({CLASSES: names}), {"task": "made"})
    with pytest.raises(BadInput, match="not a file of outputs") as error:
        read(file)
    assert "\n" not in str(error.value)


def test_a_family_without_probes_leaves_a_file_without_rows(tmp_path):
    write_outputs(tmp_path / "none.parquet", "made", [])
    assert read_outputs(tmp_path / "none.parquet") == []


def test_writing_a_file_of_many_tables_takes_time_in_proportion_to_their_number(tmp_path):
    table = pa.table({"number": [1.0]})
    seconds = []
    for count in (500, 4000):
        began = time.process_time()
        write_tables(tmp_path / "many.parquet", (table for _ in range(count)), {})
        seconds.append(time.process_time() - began)
    assert seconds[1] < 30 * max(seconds[0], 0.01)
    assert pq.read_metadata(tmp_path / "many.parquet").num_rows == 4000
