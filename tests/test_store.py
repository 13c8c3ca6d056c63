"""The store of models: a folder of its own, that trusts no file by its name."""

from types import SimpleNamespace

import pytest

from pipeline.core.errors import BadInput
from pipeline.zoo.make import Finished
from pipeline.zoo.store import MARKER, Store
from pipeline.zoo.suspects import Suspect

KEY = "0123456789abcdef" * 2


def job(key=KEY):
    maker = SimpleNamespace(variants=("",), extras=("keys.json",))
    return SimpleNamespace(key=key, maker=maker, measured_on="f" * 64, suspects=[Suspect("prune", "vgg_slim", 0, "")])


def filled(folder, *keys):
    store = Store(folder)
    with store.only_writer():
        for key in keys or (KEY,):
            files = {"model.safetensors": b"weights of " + key.encode(), "keys.json": b"{}"}
            store.keep(Finished(job(key), files, 1.5, [{"a": 1}]))
    return store


def test_a_record_holds_the_sum_of_its_weights(tmp_path):
    (record,) = filled(tmp_path / "zoo").records(job())
    assert record["a"] == 1 and len(record["sha256"]) == 64


@pytest.mark.parametrize("file", ["model.safetensors", "keys.json"])
@pytest.mark.parametrize("spoil", [lambda data: b"", lambda data: data[:-1], lambda data: b"\x00" + data[1:]])
def test_damaged_weights_are_reported_set_aside_and_to_be_made_anew(tmp_path, capsys, file, spoil):
    store = filled(tmp_path / "zoo")
    path = store.file(job(), file)
    path.write_bytes(spoil(path.read_bytes()))
    assert store.is_made(job()) is False
    assert path.name in (said := capsys.readouterr().err) and said.count("\n") == 1
    assert (tmp_path / "zoo/damaged" / path.name).exists() and not path.exists()
    filled(tmp_path / "zoo")
    assert store.is_made(job())


def test_weights_of_another_key_are_no_weights(tmp_path):
    other = "f" * 32
    store = filled(tmp_path / "zoo", KEY, other)
    store.file(job(), "model.safetensors").write_bytes(store.file(job(other), "model.safetensors").read_bytes())
    assert store.is_made(job(other)) and not store.is_made(job())


def test_a_folder_of_somebody_else_is_refused_and_left_alone(tmp_path):
    (tmp_path / ".bashrc").write_text("mine")
    with pytest.raises(BadInput, match=r"holds files, but no store.*SAC_ZOO="), Store(tmp_path).only_writer():
        pass
    assert [path.name for path in tmp_path.iterdir()] == [".bashrc"]


def test_only_scratch_files_of_the_store_are_removed(tmp_path):
    filled(tmp_path)
    kept = [".bashrc", ".netrc", f"{KEY}.txt", f".{KEY}", ".0123-x.abcdefgh"]
    for name in (*kept, f".{KEY}-model.safetensors.abc_12x9", f".{KEY}.json.abc_12x9"):
        (tmp_path / name).write_text("")
    with Store(tmp_path).only_writer():
        pass
    assert {path.name for path in tmp_path.iterdir()} == {
        *kept,
        MARKER,
        "lock",
        f"{KEY}-model.safetensors",
        f"{KEY}-keys.json",
        f"{KEY}.json",
        f"{KEY}-{'f' * 12}.json",
    }
