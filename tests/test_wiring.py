"""dvc.yaml names what params.yaml asks for, each stage's code is listed, and DVC keeps the form of params.yaml."""

import re
import shutil

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import BadInput
from pipeline.core.names import known
from pipeline.core.yaml_text import parse_yaml
from pipeline.wiring.code import check_code, check_loaded, code_of, write_lists
from pipeline.wiring.form import check_form, form, formed
from pipeline.wiring.guard import guarded, write_checked
from pipeline.wiring.imports import ROOT, followed
from pipeline.wiring.stages import read_stages
from pipeline.wiring.wire import check_wired, wire, wired

PARAMS, DVC = (ROOT / "params.yaml").read_text(), (ROOT / "dvc.yaml").read_text()


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A folder with the repository's params.yaml and dvc.yaml, to work in."""
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def added(clone, section, name, value="{}"):
    """Write an entry into a section of params.yaml by hand."""
    text = (clone / "params.yaml").read_text()
    (clone / "params.yaml").write_text(text.replace(f"\n{section}:\n", f"\n{section}:\n  {name}: {value}\n", 1))


def lists(clone):
    stages = yaml.safe_load((clone / "dvc.yaml").read_text())["stages"]
    return {
        (name, part): stage[part].split() if part == "cmd" else stage[part]
        for name, stage in stages.items()
        for part in ("cmd", "deps")
    }


def test_the_repository_is_wired():
    assert wired(DVC) == DVC


@pytest.mark.parametrize(
    ("section", "places"),
    [
        ("attacks", [("outputs", "artifacts/${item.task}/zoo/new"), ("report", "artifacts/${item.task}/records/new.json")]),
        (
            "second_attacks",
            [("outputs", "artifacts/${item.task}/zoo/new"), ("report", "artifacts/${item.task}/records/new.json")],
        ),
        ("probes", [("score", "artifacts/${item.task}/outputs/new.parquet"), ("report", "artifacts/${item.task}/probes/new")]),
    ],
)
def test_what_is_new_goes_into_every_list_and_comes_out_again(clone, section, places):
    added(clone, section, "new")
    with pytest.raises(BadInput, match=r"dvc.yaml: lacks .*new.*type `sac wire`"):
        check_wired()
    assert wire()
    for stage, path in places:
        assert path in lists(clone)[stage, "cmd"] and path in lists(clone)[stage, "deps"]
    assert sum("/new" in line for line in (clone / "dvc.yaml").read_text().split("\n")) == 2 * len(places)
    check_wired()
    assert not wire()
    (clone / "params.yaml").write_text(PARAMS)
    with pytest.raises(BadInput, match=r"dvc.yaml: names .*new.*, which params.yaml does not"):
        check_wired()
    wire()
    assert (clone / "dvc.yaml").read_text() == DVC


def test_the_order_of_the_lists_is_the_users(clone):
    lines = DVC.split("\n")
    places = [place for place, line in enumerate(lines) if "records/prune.json" in line]
    for place in places:
        lines[place], lines[place + 1] = lines[place + 1], lines[place]
    (clone / "dvc.yaml").write_text("\n".join(lines))
    check_wired()
    assert not wire()


@pytest.mark.parametrize(
    "line",
    [
        "      - artifacts/${item.task}/zoo/prune",
        "      --suspects artifacts/${item.task}/zoo/prune",
        "      --probes artifacts/${item.task}/probes/boundary",
    ],
)
def test_a_line_that_was_lost_is_missed(clone, line):
    (clone / "dvc.yaml").write_text(DVC.replace(line + "\n", "", 1))
    with pytest.raises(BadInput, match=r"lacks|type `sac wire`"):
        check_wired()
    wire()
    assert sorted((clone / "dvc.yaml").read_text().split("\n")) == sorted(DVC.split("\n"))


def test_a_list_that_is_gone_altogether_is_no_list_to_keep(clone):
    (clone / "dvc.yaml").write_text(re.sub(r" +--suspects \S+\n", "", DVC))
    with pytest.raises(BadInput, match=r"outputs: expected lines with .*found 1 such"):
        check_wired()


def test_a_stages_code_is_what_it_imports_and_what_it_finds_by_name():
    for stage in read_stages(ROOT / "dvc.yaml"):
        if stage.name != "check":
            listed = {ROOT / path for path in code_of(stage.command, None)}
            code = {
                path
                for path in followed(ROOT / f"stages/{stage.command}.py")
                if len(path.read_text().split('"""')) > 3 or "import" in path.read_text()
            }
            assert code <= listed | {path for path in code if path.name == "__init__.py"}
    for command, room in (("split", "data"), ("split", "people"), ("source", "models"), ("score", "fingerprints")):
        assert {f"pipeline/{room}/{name}.py" for name in known(room)} <= set(map(str, code_of(command, None)))


def test_an_attacks_list_names_no_other_attack():
    for name in known("attacks"):
        attacks = [path for path in map(str, code_of("zoo", name)) if path.startswith("pipeline/attacks/")]
        assert attacks == ["pipeline/attacks/__init__.py", f"pipeline/attacks/{name}.py"]


def test_templates_and_embedded_images_count_as_code():
    assert "pipeline/reports/style.css" in map(str, code_of("report", None))
    assert any("embedded/fashion_mini/train" in str(path) for path in code_of("split", None))


def test_a_list_knows_the_files_of_now(clone):
    write_lists(read_stages(), clone / "code")
    file = clone / "code/score.sha256"
    check_code(file)
    file.write_text(file.read_text().replace(file.read_text()[:8], "00000000", 1))
    with pytest.raises(BadInput, match="changed since the stage `check` listed it"):
        check_code(file)


def test_what_was_loaded_and_is_not_listed_stops(clone):
    write_lists(read_stages(), clone / "code")
    file = clone / "code/score.sha256"
    file.write_text("".join(line + "\n" for line in file.read_text().splitlines() if "outputs/table" not in line))
    import pipeline.outputs.table  # noqa: F401  a stage would have loaded it

    with pytest.raises(BadInput, match="loaded, and not in "):
        check_loaded(file)


def test_a_stage_refuses_parameters_that_check_has_not_seen(clone):
    write_checked(clone / "artifacts/checked")
    with pytest.raises(RuntimeError, match="it began"), guarded("split@digits"):
        raise RuntimeError("it began")
    (clone / "params.yaml").write_text(PARAMS.replace("split: {defender: 40,", "split: {defender: 41,"))
    with pytest.raises(BadInput, match=r"task.digits changed since the stage `check` read it"), guarded("split@digits"):
        raise RuntimeError("it began")


def test_commands_that_are_no_stage_are_let_through(clone):
    for running in (None, "", "mine@digits", "check"):
        with guarded(running):
            pass


def test_the_repositorys_parameters_are_in_the_form_that_dvc_keeps():
    assert formed(PARAMS) == PARAMS


@pytest.mark.parametrize(
    ("override", "old", "new"),
    [
        ("fingerprint.method=jpeg", "  method: cutmix ", "  method: jpeg "),
        ("tasks=[digits]", "- fashion_mini", "- digits"),
        ("attacks.extract_label.query=views", "{query: once}", "{query: views}"),
        ("probes.augmented.jpeg.quality=10", "{quality: 25,", "{quality: 10,"),
        ("task.fashion_mini.seeds=3", "    seeds: 2", "    seeds: 3"),
        ("task.emotion.recipe.rate=0.07", "batch: 64, rate: 0.05}", "batch: 64, rate: 0.07}"),
        ("second_attacks.extract_adv.recipe.epochs=5", "epochs: 4", "epochs: 5"),
    ],
)
def test_an_experiment_changes_one_line(clone, override, old, new):
    from dvc.utils.hydra import apply_overrides

    apply_overrides(clone / "params.yaml", [override])
    pairs = list(zip(PARAMS.split("\n"), (clone / "params.yaml").read_text().split("\n"), strict=True))
    ((before, after),) = [(one, other) for one, other in pairs if one != other]
    assert old in before and new in after


def test_what_a_task_inherits_is_changed_by_adding_it(clone):
    from dvc.utils.hydra import apply_overrides

    from pipeline.tasks.task import task_part

    before = task_part("cifar10_resnet", "recipe")
    apply_overrides(clone / "params.yaml", ["+task.cifar10_resnet.recipe.epochs=3"])
    assert task_part("cifar10_resnet", "recipe") == before.model_copy(update={"epochs": 3.0})
    assert task_part("cifar10_views", "recipe") == before
    assert len((clone / "params.yaml").read_text().split("\n")) == len(PARAMS.split("\n")) + 2


def test_another_form_is_brought_into_it(clone):
    (clone / "params.yaml").write_text(PARAMS.replace("tasks:\n- fashion_mini\n", "tasks: [fashion_mini]\n"))
    with pytest.raises(BadInput, match=r"line 5: 'tasks: .fashion_mini.' is 'tasks:' after"):
        check_form()
    assert form()
    assert (clone / "params.yaml").read_text() == PARAMS


def test_a_comment_that_dvc_would_lose_is_named(clone):
    (clone / "params.yaml").write_text(PARAMS.replace("- fashion_mini\n", "- fashion_mini\n\n# told of the next\n", 1))
    with pytest.raises(BadInput, match="line 8: DVC would lose this comment"):
        form()


@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z_]{0,5}", fullmatch=True),
        st.one_of(
            st.integers(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False), st.lists(st.integers(), max_size=3)
        ),
        max_size=5,
    )
)
def test_plain_yaml_is_what_any_reader_finds(value):
    text = yaml.safe_dump({"top": value})
    assert parse_yaml(text, "it") == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: !!bool foo", "line 1: a tag .*bool"),
        ("a: !!int ''", "line 1: a tag"),
        ("a: 1\nb: !!float ''", "line 2: a tag"),
        ("a: !!timestamp foo", "line 1: a tag"),
        ("a: ! x", "line 1: a tag"),
        ("--- !!map\na: 1", "line 1: a tag"),
        ("a: 1" + ":1" * 10_000, "line 1: a value of 20,001 characters"),
        ("a: [" + "1, " * 400_000 + "1]", "1,200,006 characters, expected at most 1,000,000"),
    ],
    ids=lambda part: part[:20],
)
def test_what_is_no_plain_yaml_ends_in_one_line(text, says):
    with pytest.raises(BadInput, match=f"^it: {says}") as error:
        parse_yaml(text, "it")
    assert "\n" not in str(error.value)
