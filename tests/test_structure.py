"""What holds the project together: imports run one way, dvc.yaml names all that its stages use, one name everywhere."""

import ast
import re
import subprocess
import sys

import pytest
import yaml

from pipeline.names import known, module
from tests.imports import ROOT, followed, imported

DVC = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
LAYERS = [("errors", "files", "params", "names"), ("training/recipe", "training/watermark"),
          ("benchmark", "verification"), ("data",), ("people", "pairs"), ("models",), ("verifier", "training"),
          ("attacks", "defender"), ("query_models",), ("executor", "suspects"), ("zoo",), ("ask", "check", "probes")]
TORCH_FREE = ("fingerprints", "metrics", "reports", "outputs", "statistics", "verification", "pairs")
PACKAGE = ROOT / "pipeline"


def modules():
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path.parent.name != "embedded"]


def part(path):
    """The first part under pipeline/, but for the records of training that need no torch."""
    name = str(path.relative_to(PACKAGE).with_suffix(""))
    return name if name in ("training/recipe", "training/watermark") else name.split("/")[0]


def third_party(path):
    tree = ast.parse(path.read_text())
    names = [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
    return {name.split(".")[0] for name in names + [node.module for node in ast.walk(tree)
                                                    if isinstance(node, ast.ImportFrom) and node.module]}


def test_the_pipeline_never_imports_the_stages():
    for path in modules():
        assert not [other for other in imported(path) if ROOT / "stages" in other.parents], path


def test_imports_run_down_the_layers():
    rank = {name: place for place, layer in enumerate(LAYERS) for name in layer}
    for path in modules():
        for other in imported(path) - {PACKAGE / "__init__.py", PACKAGE / "training/__init__.py"}:
            if part(path) in rank and part(other) in rank:
                assert rank[part(other)] <= rank[part(path)], f"{path} imports {other}"


def test_attacks_never_import_attacks():
    for name in known("attacks"):
        assert not [other for other in imported(PACKAGE / f"attacks/{name}.py") if other.parent.name == "attacks"]


@pytest.mark.parametrize("name", TORCH_FREE)
def test_the_scoring_side_knows_no_torch(name):
    for path in modules():
        if part(path) == name:
            for other in {path, *followed(path)}:
                assert not third_party(other) & {"torch", "torchvision"}, f"{path} reaches torch through {other}"


def test_stages_import_no_torch_when_they_are_loaded():
    code = ("import sys, stages.cli as c, click; group = c.sac; context = click.Context(group);"
            "[group.get_command(context, name) for name in group.list_commands(context)];"
            "from pipeline.check import check_params; check_params();"
            "assert 'torch' not in sys.modules and 'matplotlib' in sys.modules")
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def expand(text, item):
    return re.sub(r"\$\{item\.(\w+)\}", lambda found: item.get(found.group(1), found.group()), text)


def items(stage):
    """The matrix items of a stage, for the tasks of params.yaml."""
    sizes = {key: list(PARAMS[source[2:-1]] if isinstance(source, str) else source)
             for key, source in stage.get("matrix", {}).items()}
    table = [{}]
    for key, values in sizes.items():
        table = [{**item, key: value} for item in table for value in values]
    return table


def files_of(paths, item):
    found = set()
    for path in (ROOT / expand(path, item) for path in paths):
        found |= set(path.rglob("*.py")) if path.is_dir() else {path}
    return found


def used_by(name, item):
    """Every project file that a stage's code uses: what it imports, and what it finds by name."""
    found = followed(ROOT / f"stages/{DVC[name]['cmd'].split()[1]}.py")
    for package, key in (("attacks", "attack"), ("probes", "family")):
        if key in item and name not in ("outputs",):
            path = PACKAGE / f"{package}/{item[key]}.py"
            found |= {path} | followed(path)
    return {path for path in found if any(not isinstance(node, ast.Expr) for node in ast.parse(path.read_text()).body)}


@pytest.mark.parametrize("name", DVC)
def test_dvc_names_every_module_that_a_stage_uses(name):
    for item in items(DVC[name]):
        missing = used_by(name, item) - files_of(DVC[name]["deps"], item)
        assert not missing, f"{name} {item}: {sorted(str(path.relative_to(ROOT)) for path in missing)}"


@pytest.mark.parametrize("name", DVC)
def test_dvc_names_no_file_that_is_not_there(name):
    for item in items(DVC[name]):
        for path in DVC[name]["deps"]:
            if not expand(path, item).startswith(("artifacts/", "reports/")):
                assert (ROOT / expand(path, item)).exists(), path


def test_every_path_that_a_command_reads_is_a_dependency():
    for name, stage in DVC.items():
        outs = {next(iter(out)) if isinstance(out, dict) else out for out in stage["outs"] + stage.get("metrics", [])}
        for path in re.findall(r"(?:artifacts|reports)/\S+", stage["cmd"]):
            inside = [own for own in [*stage["deps"], *outs] if own == path or own.startswith(f"{path}/")]
            assert inside, f"{name}: {path}"


@pytest.mark.parametrize(("name", "pattern", "section"), [
    ("outputs", "artifacts/${item.task}/zoo/%s", ("attacks", "second_attacks")),
    ("report", "artifacts/${item.task}/records/%s.json", ("attacks", "second_attacks")),
    ("report", "artifacts/${item.task}/probes/%s", ("probes",)),
    ("score", "artifacts/${item.task}/outputs/%s.parquet", ("probes",)),
])
def test_a_stage_that_gathers_names_all_that_there_is(name, pattern, section):
    for key in (key for part in section for key in PARAMS[part]):
        path = pattern % key
        assert path in DVC[name]["deps"], f"dvc.yaml: {name}: add {path} to deps"
        assert path in DVC[name]["cmd"].split(), f"dvc.yaml: {name}: add {path} to cmd"


def test_no_stage_depends_on_a_whole_section_that_is_not_its_own():
    whole = {name: [param for param in stage.get("params", ()) if "." not in param] for name, stage in DVC.items()}
    assert {name: params for name, params in whole.items() if params} == {
        "score": ["comparisons", "counts"], "report": ["fingerprint", "metrics", "table"]}


def test_no_output_persists():
    assert "persist" not in (ROOT / "dvc.yaml").read_text()


@pytest.mark.parametrize(("package", "sections"), [
    ("attacks", ("attacks", "second_attacks")), ("probes", ("probes",)), ("fingerprints", ("comparisons",))])
def test_every_module_has_a_section_of_its_name(package, sections):
    assert set(known(package)) == {name for section in sections for name in PARAMS[section]}
    for name in known(package):
        assert module(package, name).__doc__


def test_every_public_function_says_what_it_is():
    for path in [*modules(), *(ROOT / "stages").glob("*.py")]:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{path.relative_to(ROOT)}: {node.name}"


def test_the_repository_names_no_place_of_its_makers():
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    for name in files:
        path = ROOT / name
        if path.is_file() and path.stat().st_size < 300_000 and path.suffix not in (".parquet", ".svg"):
            assert "/" + "work/" not in path.read_text(errors="ignore"), name
