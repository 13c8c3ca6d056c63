"""A scratch repository with the real dvc.yaml and a task so small that all of it runs in a minute."""

import shutil
import subprocess
from importlib import import_module
from pathlib import Path

import yaml

from pipeline.tasks.task import parts_of
from tests.imports import ROOT

TASK = "tiny"
CHANGES = {
    "title": "a tiny task",
    "split": {"defender": 90, "attacker": 90, "query": 60, "pool": 150, "accuracy": 60, "seed": 0},
    "transfer": {"data": "fashion_mini", "train": 60, "accuracy": 40},
    "archs": ["vgg_slim", "resnet_slim"],
    "seeds": 1,
    "recipe": {"epochs": 3, "batch": 30, "rate": 0.02},
    "surrogates": {"archs": ["vgg_slim"], "seeds": 1},
    "references": {"archs": ["vgg_slim"], "seeds": 1},
    "watermark": {"source_class": 8, "target_class": 0, "triggers": 4},
}


def tiny_params() -> dict:
    """The repository's parameters with one tiny task on the digits, and few probes."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["tasks"] = [TASK]
    params["task"] = {TASK: parts_of("digits", ROOT / "params.yaml") | CHANGES}
    for section in ("attacks", "second_attacks"):
        for attack in params[section].values():
            attack.pop("copies", None)
            if "epochs" in attack.get("recipe", {}):
                attack["recipe"]["epochs"] = 1
    params["attacks"]["prune"]["ratios"] = [0.1, 0.3]
    params["probes"]["augmented"] |= {"count": 30, "corruption": {"severity": 1, "count": 12}}
    params["probes"]["misclassified"] |= {"count": 20, "minimum": 2, "surrogates_wrong": 0.5}
    params["probes"]["boundary"] |= {"count": 10, "minimum": 1, "k": 0.5}
    params["probes"]["conferrable"] |= {
        "count": 10,
        "minimum": 1,
        "candidates": 20,
        "steps": 20,
        "threshold": 0.0,
        "epsilon": 0.5,
        "rate": 0.05,
    }
    params["probes"]["decision_pairs"] |= {"count": 10}
    params["probes"]["watermark"] |= {"count": 5, "minimum": 1, "success": 0.0}
    params["counts"] = [5, 12]
    params["redraws"] = 4
    return params


FEW = {
    "attacks": ["irrelevant", "irrelevant_transfer", "finetune_all", "prune", "extract_label", "transfer_all"],
    "probes": ["augmented", "misclassified", "boundary"],
    "comparisons": ["cosine_l1", "matching", "partial"],
}
"""What the real dvc runs: of each kind of attack, of probes and of comparisons one. Every stage costs it three seconds."""


def few_params() -> dict:
    """The tiny parameters with FEW attacks, families of probes and comparisons."""
    params = tiny_params()
    for section, names in FEW.items():
        params[section] = {name: params[section][name] for name in names}
    methods = {method for name in FEW["probes"] for method in import_module(f"pipeline.probes.{name}").Family.methods}
    params["table"] = {
        name: one
        for name, one in params["table"].items()
        if one["method"] in methods and one.get("comparison", "cosine_l1") in params["comparisons"]
    }
    return params


def make(folder: Path) -> Path:
    """Write the scratch repository into `folder`: code, dvc.yaml, params.yaml, the papers' values."""
    for name in ("pipeline", "stages"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (
        "dvc.yaml",
        ".gitignore",
        ".dvcignore",
        "reports/published.csv",
        "reports/watermarked.csv",
        "snapshots/.gitignore",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    write_params(folder, tiny_params())
    return folder


def write_params(folder: Path, params: dict) -> None:
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def stages(task: str = TASK, folder: Path = ROOT) -> list[tuple[str, dict, list[str]]]:
    """(stage, item, arguments of sac) for every stage of a task by the dvc.yaml and params.yaml of `folder`, in an order in
    which they can run."""
    definition = yaml.safe_load((folder / "dvc.yaml").read_text())["stages"]
    params = yaml.safe_load((folder / "params.yaml").read_text())
    found = []
    for name, stage in definition.items():
        matrix = {
            key: params[source[2:-1]] if isinstance(source, str) else source
            for key, source in stage.get("matrix", {}).items()
            if key != "task"
        }
        key, values = next(iter(matrix.items()), ("", [""]))
        for value in values:
            item = {"task": task} | ({key: value} if key else {})
            found.append((name, item, expand(stage["cmd"], item).split()[1:]))
    return found


def expand(text: str, item: dict) -> str:
    for key, value in item.items():
        text = text.replace(f"${{item.{key}}}", value)
    return text


def git(folder: Path, *words: str) -> str:
    """Run git in `folder`; what it prints."""
    done = subprocess.run(
        ["git", "-c", "user.name=test", "-c", "user.email=test@example.org", *words],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout
