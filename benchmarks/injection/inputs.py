"""Hostile input: parameters, names, models and pictures that somebody made to break or to mislead."""

import json
import os
import pickle
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.injection.judging import HANG, RECOVERED, REFUSED, TRACEBACK, WRONG, is_one_line
from benchmarks.injection.spoiling import spoil
from benchmarks.injection.world import TASK, Draw, Ended, Fault, World

NONSENSE: tuple[Any, ...] = (
    float("inf"),
    float("nan"),
    -1,
    -0.5,
    10**30,
    None,
    [],
    {},
    "",
    "x; touch PWNED; #",
    "$(touch PWNED)",
    "../../x",
    "a\nb",
    [[[[]]]],
    {"a": {"b": 1}},
    {None: 1},
    {True: 2},
    "é" * 3000,
    1e308,
    b"\xff\xfe",
)
NAMES = (
    "x; touch PWNED; #",
    "$(touch PWNED)",
    "`touch PWNED`",
    "../../etc/passwd",
    "tiny-2",
    "Tiny",
    "a b",
    "",
    "-",
    "--help",
    "..",
    "é",
    "tiny\n",
    "a" * 5000,
    "<script>",
    "%s%n",
    "true",
    "null",
    "3",
    "__import__",
    "tiny/../tiny",
    "\x00",
    "CON",
)
ALIASES = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + place)}: &{chr(98 + place)} [{', '.join([f'*{chr(97 + place)}'] * 9)}]\n" for place in range(12)
)
PWNED = "PWNED"
NONE_HERE = ("fri.parquet", "face_pairs.parquet")
"""Families that have no probes for a classifier: nobody is asked them."""


def params(world: World, draw: Draw) -> Fault:
    """Put a value that cannot be, or a key that is no name, anywhere into params.yaml, and check it."""
    tree = yaml.safe_load((world.folder / "params.yaml").read_text())
    place, holder = [], tree
    while True:
        key = draw.one(list(holder) if isinstance(holder, dict) else range(len(holder)))
        place.append(str(key))
        if not isinstance(holder[key], (dict, list)) or not holder[key] or draw.share() < 0.15:
            break
        holder = holder[key]
    value = draw.one(NONSENSE)
    if isinstance(holder, dict) and draw.share() < 0.3:
        name = draw.one([*NAMES, 1, None, True, 1.5])
        holder[name] = holder.pop(key)
        what, fits = f"the key {str(name)[:30]!r}", place[:-1] == ["table"] and isinstance(name, str)
    else:
        old, holder[key] = holder[key], value
        what, fits = f"{str(old)[:20]} becomes {str(value)[:30]!r}", _fits(place, old, value)
    return _checked(world, ".".join(place), what, yaml.safe_dump(tree, sort_keys=False, allow_unicode=True).encode(), fits)


def _fits(place: list[str], old: Any, value: Any) -> bool:
    """Whether a value may stand there after all: the same one, a text for people, nothing, or a section of defaults."""
    same = old == value and type(old) is type(value)
    text = place[-1] == "title" and isinstance(value, str)
    nothing = place[-1] in ("watermark", "published", "corrupted", "transfer") and value is None
    defaults = value == {} and (place == ["metrics"] or place[:-1] in (["attacks"], ["second_attacks"], ["comparisons"]))
    return same or text or nothing or defaults or (place == ["counts"] and value == [])


def text(world: World, draw: Draw) -> Fault:
    """Spoil the text of params.yaml: bytes, encodings, doubled keys, aliases without end, a pipe in its place."""
    whole = (world.folder / "params.yaml").read_bytes()
    ways = {
        "UTF-16": whole.decode().encode("utf-16"),
        "Latin-1": whole + "# é\n".encode("latin-1"),
        "aliases": ALIASES.encode(),
        "deep": b"a: " + b"[" * 20_000,
        "a key twice": whole + b"\ntasks: [tiny]\n",
        "tabs": whole.replace(b"  ", b"\t"),
        "empty": b"",
        "a list": b"- a\n",
        "a pipe": b"",
        "a Python object": whole + b"\nx: !!python/object/apply:os.system ['touch PWNED']\n",
    }
    way = draw.one([*ways, "one byte", "cut off"])
    if way == "one byte":
        at = draw.below(len(whole))
        data = whole[:at] + bytes([draw.below(256)]) + whole[at + 1 :]
    else:
        data = ways[way] if way in ways else whole[: draw.below(len(whole))]
    return _checked(world, "params.yaml", way, data, may_pass=way in ("one byte", "cut off"))


def names(world: World, draw: Draw) -> Fault:
    """Give a command a hostile name where it expects a task, an attack, a family or a path."""
    command = world.drawn(draw, ("zoo", "probes", "score", "report", "outputs", "query_models", "source"))
    words, _ = command.into(world.fresh(), world.folder)
    at = draw.below(len(words) - 1) + 1
    while words[at].startswith("--"):
        at = draw.below(len(words) - 1) + 1
    name = draw.one([name for name in NAMES if "\x00" not in name])
    old, words[at] = words[at], name
    ended = world.run(words, SAC_ZOO=str(world.scratch / "zoo"))
    outcome = _refused(world, ended, may_pass=words[at - 1].startswith("--") or name == "--help")
    return Fault(f"{command.name}: {old[-40:]}", f"named {name[:30]!r}", outcome, ended.said)


def model(world: World, draw: Draw) -> Fault:
    """Put a hostile model among the suspects, listed and sealed as if a stage had made it, and ask it."""
    from pipeline.core.seal import file_digest, read_sealed, verify, write_sealed

    command = draw.one([one for one in world.commands("outputs") if not one.words[-1].endswith(NONE_HERE)])
    folder = world.folder / f"artifacts/{TASK}/zoo" / draw.one(["irrelevant", "finetune_all", "extract_label"])
    file = draw.one(sorted(folder.glob("*.safetensors")))
    words, _ = command.into(world.fresh(), world.folder)
    kept = {path: path.read_bytes() for path in (file, folder / "suspects.json")}
    what, data = _hostile(kept[file], draw)
    try:
        file.write_bytes(data)
        about = read_sealed(folder / "suspects.json")
        of = verify(folder / "suspects.json").of
        write_sealed(folder / "suspects.json", about | {"files": about["files"] | {file.name: file_digest(file)}}, of)
        ended = world.run(words)
    finally:
        for path, content in kept.items():
            path.write_bytes(content)
    return Fault(f"{command.name}: {file.name}", what, _refused(world, ended), ended.said)


def pictures(world: World, draw: Draw) -> Fault:
    """Spoil a data set of pictures (Parquet, as Hugging Face lays it out) and deal it out."""
    home = world.scratch.parent / "data"
    if not home.exists():
        _make_pictures(home / "cifar10")
    params = yaml.safe_load((world.folder / "params.yaml").read_text())
    params["task"][TASK] |= {"data": "cifar10", "transfer": None, "corrupted": None}
    at = world.fresh()
    shutil.copytree(home, at / "data")
    (at / "params.yaml").write_text(yaml.safe_dump(params))
    files = sorted((at / "data/cifar10").iterdir())
    file = draw.one(files)
    data = file.read_bytes()
    if draw.share() < 0.5:
        what = _hostile_picture(file, draw)
    else:
        file.unlink()
        what = spoil(file, data, [other for other in files if other != file], draw)
    words = [
        "split",
        TASK,
        *(word for name in ("defender", "attacker", "accuracy") for word in (f"--{name}", str(at / name))),
        "--manifest",
        str(at / "manifest.json"),
    ]
    ended = world.run(words, at, SAC_DATA=str(at / "data"))
    outcome = _refused(world, ended, may_pass=what.startswith(("swapped", "one bit")))
    return Fault(f"split: {file.name}", what, outcome, ended.said)


def _checked(world: World, where: str, what: str, data: bytes, may_pass: bool = False) -> Fault:
    at = world.fresh()
    for name in ("dvc.yaml", "reports", "pipeline", "stages"):
        (at / name).symlink_to(world.folder / name)
    if what == "a pipe":
        os.mkfifo(at / "params.yaml")
    else:
        (at / "params.yaml").write_bytes(data)
    ended = world.run(["check"], at)
    same = data == (world.folder / "params.yaml").read_bytes()
    return Fault(f"check: {where[:60]}", what, _refused(world, ended, may_pass or same), ended.said)


def _refused(world: World, ended: Ended, may_pass: bool = False) -> str:
    """Hostile input must be refused, unless it may be right after all; and it may run nothing."""
    if any((folder / PWNED).exists() for folder in (world.folder, world.scratch)):
        return WRONG
    if ended.code is None:
        return HANG
    if ended.code == 0:
        return RECOVERED if may_pass else WRONG
    return REFUSED if is_one_line(ended) else TRACEBACK


def _hostile(data: bytes, draw: Draw) -> tuple[str, bytes]:
    """A model file that must be refused, and what is wrong with it."""
    size = struct.unpack("<Q", data[:8])[0]
    head, body = json.loads(data[8 : 8 + size]), data[8 + size :]
    spec = json.loads(head["__metadata__"]["sac"])
    changes: dict[str, dict[str, Any]] = {
        "infinite channels": {"channels": float("inf")},
        "10^30 channels": {"channels": 10**30},
        "no channels": {"channels": 0},
        "a million classes": {"classes": ["x"] * 1_000_001},
        "an unknown architecture": {"arch": "../../etc"},
        "no mean": {"mean": []},
        "a list as architecture": {"arch": ["vgg_slim"]},
        "a deviation of 0": {"std": [0.0] * len(spec["std"])},
        "NaN as mean": {"mean": [float("nan")] * len(spec["mean"])},
        "another architecture": {"arch": "densenet_slim"},
    }
    raw = {
        "a pickle": pickle.dumps({"a": 1}),
        "empty": b"",
        "junk": bytes(draw.below(256) for _ in range(500)),
        "a header of 2^60 bytes": struct.pack("<Q", 2**60) + data[8:],
        "cut off": data[: draw.below(len(data))],
        "a zip": b"PK\x03\x04" + data,
    }
    deep = {"metadata nested 100,000 deep": "[" * 100_000 + "]" * 100_000, "no metadata": None, "metadata that is no JSON": "{"}
    way = draw.one([*changes, *raw, *deep, "NaN in a weight", "offsets beyond the end"])
    if way in raw:
        return way, raw[way]
    if way in changes:
        head["__metadata__"]["sac"] = json.dumps(spec | changes[way])
    elif way in deep:
        head["__metadata__"] = {} if deep[way] is None else {"sac": deep[way]}
    elif way == "NaN in a weight":
        first = next(name for name, about in head.items() if name != "__metadata__" and about["dtype"] == "F32")
        start = head[first]["data_offsets"][0]
        body = body[:start] + np.float32("nan").tobytes() + body[start + 4 :]
    else:
        first = next(name for name in head if name != "__metadata__")
        head[first]["data_offsets"][1] += 4 * (1 + draw.below(1000))
    text = json.dumps(head).encode()
    return way, struct.pack("<Q", len(text)) + text + body


def _make_pictures(home: Path) -> None:
    home.mkdir(parents=True)
    draw = np.random.default_rng(0)
    for split, count in (("train", 400), ("test", 300)):
        images = draw.integers(0, 255, (count, 32, 32, 3), dtype=np.uint8)
        _write_pictures(
            home / f"{split}-00000-of-00001.parquet", [_png(image) for image in images], [place % 10 for place in range(count)]
        )


def _write_pictures(file: Path, pictures: list[bytes], labels: list[int]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    features = {"info": {"features": {"label": {"names": list("abcdefghij"), "_type": "ClassLabel"}}}}
    table = pa.table({"image": [{"bytes": data, "path": "x.png"} for data in pictures], "label": labels})
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps(features)}), file)


def _png(image: np.ndarray) -> bytes:
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def _hostile_picture(file: Path, draw: Draw) -> str:
    import zlib

    import pyarrow.parquet as pq

    table = pq.read_table(file)
    pictures, labels = [row["bytes"] for row in table["image"].to_pylist()], table["label"].to_pylist()

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(bytes(10**6)))
        + chunk(b"IEND", b"")
    )
    at = draw.below(len(pictures))
    ways = {
        "a picture bomb": bomb,
        "an empty picture": b"",
        "a cut-off picture": pictures[at][:40],
        "text": b"hello",
        "another size": _png(np.zeros((31, 32, 3), np.uint8)),
        "SVG": b"<svg onload='touch PWNED'/>",
    }
    way = draw.one([*ways, "a label of 99", "a negative label"])
    if way in ways:
        pictures[at] = ways[way]
    else:
        labels[at] = 99 if way == "a label of 99" else -1
    _write_pictures(file, pictures, labels)
    return way
