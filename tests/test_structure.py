"""What holds the project together: imports run one way, dvc.yaml names all that its stages use, one name everywhere."""

import ast
import re
import subprocess
import sys

import pytest
import yaml

from pipeline.core.names import known, module
from tests.imports import ROOT, followed, imported

DVC = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
ROOMS = (
    "core",
    "tasks",
    "data",
    "people",
    "models",
    "verification",
    "training",
    "attacks",
    "zoo",
    "probes",
    "defender",
    "outputs",
    "fingerprints",
    "metrics",
    "reports",
    "publish",
    "cases",
    "wiring",
)
"""From the ground up: a room imports itself and those before it."""
TORCH_FREE = (
    "tasks",
    "fingerprints",
    "metrics",
    "reports",
    "publish",
    "outputs/table",
    "verification/pairs",
    "verification/thresholds",
)
"""Rooms and modules from which no import, however far, leads to torch."""
PACKAGE = ROOT / "pipeline"


def modules():
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path.parent.name != "embedded"]


def room(path):
    return path.relative_to(PACKAGE).parts[0]


def third_party(path):
    tree = ast.parse(path.read_text())
    names = [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
    return {
        name.split(".")[0]
        for name in names + [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    }


def test_the_pipeline_never_imports_the_stages():
    for path in modules():
        assert not [other for other in imported(path) if ROOT / "stages" in other.parents], path


def test_every_module_has_a_room():
    assert {room(path) for path in modules()} - {"__init__.py"} <= set(ROOMS)


def test_imports_run_one_way():
    for path in modules():
        for other in imported(path) - {PACKAGE / "__init__.py"}:
            if path != PACKAGE / "__init__.py":
                assert ROOMS.index(room(other)) <= ROOMS.index(room(path)), f"{path} imports {other}"


def test_attacks_never_import_attacks():
    for name in known("attacks"):
        assert not [other for other in imported(PACKAGE / f"attacks/{name}.py") if other.parent.name == "attacks"]


@pytest.mark.parametrize("name", TORCH_FREE)
def test_the_scoring_side_knows_no_torch(name):
    for path in modules():
        if str(path.relative_to(PACKAGE).with_suffix("")).startswith(name):
            for other in {path, *followed(path)}:
                assert not third_party(other) & {"torch", "torchvision"}, f"{path} reaches torch through {other}"


def test_stages_import_no_torch_when_they_are_loaded():
    code = (
        "import sys, stages.cli as c, click; group = c.sac; context = click.Context(group);"
        "[group.get_command(context, name) for name in group.list_commands(context)];"
        "from pipeline.wiring.check import check_params; check_params();"
        "assert 'torch' not in sys.modules and 'matplotlib' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.mark.parametrize("name", [name for name in DVC if name != "check"])
def test_a_stage_depends_on_the_list_of_its_own_code(name):
    lists = [path for path in DVC[name]["deps"] if path.startswith("artifacts/checked/code/")]
    keys = [key for key in DVC[name].get("matrix", {}) if key in ("attack", "family")]
    item = f"/${{item.{keys[0]}}}" if keys and name != "outputs" else ""
    assert lists == [f"artifacts/checked/code/{name}{item}.sha256"]


def test_the_stage_that_writes_the_lists_depends_on_all_code():
    assert {"params.yaml", "pipeline", "stages"} <= set(DVC["check"]["deps"])


def test_every_path_that_a_command_reads_is_a_dependency():
    for name, stage in DVC.items():
        outs = {next(iter(out)) if isinstance(out, dict) else out for out in stage["outs"] + stage.get("metrics", [])}
        for path in re.findall(r"(?:artifacts|reports)/\S+", stage["cmd"]):
            inside = [own for own in [*stage["deps"], *outs] if own == path or own.startswith(f"{path}/")]
            assert inside, f"{name}: {path}"


def test_no_stage_depends_on_a_whole_section_that_is_not_its_own():
    whole = {
        name: [param for param in stage.get("params", ()) if isinstance(param, str) and "." not in param]
        for name, stage in DVC.items()
    }
    assert {name: params for name, params in whole.items() if params} == {
        "references": ["comparisons"],
        "score": ["comparisons", "counts", "redraws", "table"],
        "report": ["fingerprint", "metrics", "table"],
    }


def test_no_output_persists():
    assert "persist" not in (ROOT / "dvc.yaml").read_text()


@pytest.mark.parametrize(
    ("package", "sections"),
    [("attacks", ("attacks", "second_attacks")), ("probes", ("probes",)), ("fingerprints", ("comparisons",))],
)
def test_every_module_has_a_section_of_its_name(package, sections):
    assert set(known(package)) == {name for section in sections for name in PARAMS[section]}
    for name in known(package):
        assert module(package, name).__doc__


def test_every_public_function_says_what_it_is():
    for path in [*modules(), *(ROOT / "stages").glob("*.py")]:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{path.relative_to(ROOT)}: {node.name}"


def test_tests_reach_for_no_private_names():
    own = re.compile(r"_[a-z]\w*")
    for path in (ROOT / "tests").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.attr] if isinstance(node, ast.Attribute) else []
            names += [name.name for name in node.names] if isinstance(node, ast.ImportFrom) else []
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("pipeline."):
                names += node.value.split(".")
            found = [name for name in names if own.fullmatch(name) and name not in ("_asdict", "_replace", "_exit")]
            assert not found, f"{path.name}: {found}"


def test_the_repository_names_no_place_of_its_makers():
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    for name in files:
        path = ROOT / name
        if path.is_file() and path.stat().st_size < 300_000 and path.suffix not in (".parquet", ".svg"):
            assert "/" + "work/" not in path.read_text(errors="ignore"), name
