"""params.yaml: typed, and a misspelt name stops with the nearest one."""

import re
import shutil
from importlib import import_module
from pkgutil import iter_modules

import pytest
import yaml

from pipeline.attacks import read_attack
from pipeline.core import params
from pipeline.core.errors import BadInput, unknown
from pipeline.probes import read_family
from pipeline.tasks.task import Task
from pipeline.wiring.check import check_params
from tests.imports import ROOT

TEXT = (ROOT / "params.yaml").read_text()


@pytest.fixture
def changed(tmp_path, monkeypatch):
    """Check the repository's params.yaml after a change: {dotted path: value}, or text that takes its place."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reports").mkdir()
    shutil.copy(ROOT / "reports/published.csv", tmp_path / "reports")

    def check(change):
        if isinstance(change, str):
            (tmp_path / "params.yaml").write_text(change)
        else:
            tree = yaml.safe_load(TEXT)
            for path, value in change.items():
                *place, last = path.split(".")
                node = tree
                for key in place:
                    node = node[key]
                node[last] = value
            (tmp_path / "params.yaml").write_text(yaml.safe_dump(tree, sort_keys=False))
        check_params()

    return check


def test_the_repositorys_own_parameters_are_right(changed):
    changed(TEXT)
    changed({})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"tasks": ["fashion_mimi"]}, "tasks: unknown task 'fashion_mimi': did you mean 'fashion_mini'"),
        ({"table": {}}, "table: Dictionary should have at least 1 item"),
        (
            {"task.fashion_mini.published": "fashion_mnits"},
            "published: unknown task 'fashion_mnits': did you mean 'fashion_mnist'",
        ),
        ({"task.fashion_mini.published": ""}, "task.fashion_mini: published: unknown task ''"),
        ({"fingerprint.method": "jpge"}, "fingerprint.method: unknown method 'jpge': did you mean 'jpeg'"),
        ({"fingerprint.methd": "jpeg"}, "unknown key 'methd': did you mean 'method'"),
        ({"fingerprint.comparison": "cosine_l2"}, "did you mean 'cosine_l1'"),
        (
            {"fingerprint.comparison": "matching", "fingerprint.representation": "softmax"},
            "matching of cutmix is scored on logits",
        ),
        ({"attacks.prun": {}}, "pipeline/attacks: unknown name 'prun': did you mean 'prune'"),
        ({"attacks.prune.ratio": [0.1]}, "attacks.prune: unknown key 'ratio': did you mean 'ratios'"),
        ({"attacks.prune.ratios": [0.1, 0.1]}, "attacks.prune.ratios: expected no value twice"),
        ({"attacks.prune.ratios": [0.125]}, "attacks.prune.ratios.0: expected whole hundredths"),
        ({"task.digits.archs": ["vgg_slim", "vgg_slim"]}, "task.digits.archs: expected no value twice"),
        ({"attacks.finetune_all.recipe": {"epochs": None}}, "attacks.finetune_all.recipe.epochs"),
        ({"attacks.extract_prob.recipe": {"distillation": None}}, "extract_prob: recipe.distillation is what it works by"),
        ({"attacks.distill.recipe": {"imitates_embeddings": False}}, "distill: recipe.imitates_embeddings is .*, found false"),
        ({"attacks.prune.ratios": []}, "attacks.prune.ratios: .*at least 1"),
        ({"attacks.prune.ratios": [1.5]}, r"attacks.prune.ratios.0: .*less than 1, found 1.5"),
        (
            {"attacks.extract_label.recipe": {"epoch": 3}},
            "attacks.extract_label.recipe: unknown key 'epoch': did you mean 'epochs'",
        ),
        ({"attacks.extract_adv": {}}, "attacks.extract_adv: this attack belongs to the section second_attacks"),
        ({"second_attacks.extract_adv.recipe.adversary.epsilon": 0}, "epsilon: .*greater than 0, found 0"),
        ({"second_attacks.extract_adv.recipe": {"epochs": 1}}, "extract_adv: recipe.adversary: found none"),
        ({"attacks.extract_prob.recipe": {"epochs": 1}}, "extract_prob: recipe.distillation: found none"),
        (
            {"task.digits.attacks": {"extract_prob": {"recipe": {"adversary": {"steps": 3}}}}},
            "extract_prob in task.digits: recipe.adversary: a recipe with distillation trains by that alone",
        ),
        ({"task.digits.recipe.adversary": {}}, "extract_prob in task.digits: recipe.adversary: .*set adversary to null"),
        (
            {"attacks.distill.recipe": {"distillation": {}}},
            "distill in task.faces: recipe.distillation: a recipe with imitates_embeddings trains by that alone",
        ),
        (
            {"task.digits.surrogates": {"recipe": {"adversary": {}}}},
            "task.digits.surrogates: recipe.adversary: a recipe with distillation trains by that alone",
        ),
        ({"task.digits.archs": ["vgg_slin"]}, "task.digits: .*unknown architecture 'vgg_slin': did you mean 'vgg_slim'"),
        ({"task.emotion.attacks": {"prun": {}}}, "task.emotion.attacks: unknown attack 'prun': did you mean 'prune'"),
        (
            {"task.emotion.attacks": {"prune": {"ratio": [0.1]}}},
            "attacks.prune as in task.emotion.attacks: unknown key 'ratio'",
        ),
        (
            {"task.cifar100.probes": {"augmentd": {}}},
            "task.cifar100.probes: .*did you mean 'augmented'",
        ),
        (
            {"task.cifar100.probes": {"boundary": {"counts": 5}}},
            "probes.boundary as in task.cifar100.probes: unknown key 'counts'",
        ),
        (
            {"tasks": ["fashion_mini", "cifar100"], "task.cifar100.probes": {"augmented": {"count": 6000}}},
            "task.cifar100: split.pool: 5000 images, of which probes.augmented needs at least 6000",
        ),
        ({"task.digits.data": "digit"}, "task.digits: .*unknown name 'digit': did you mean 'digits'"),
        ({"task.digits.seeds": 0}, "task.digits.seeds: .*greater than or equal to 1, found 0"),
        ({"task.digits.transfer.data": "mnist"}, "unknown name 'mnist'"),
        ({"probes.augmented.jpeg.quality": 0}, "probes.augmented.jpeg.quality"),
        ({"probes.augmentd": {}}, "did you mean 'augmented'"),
        ({"comparisons.rbf_l1.delta": -1}, "comparisons.rbf_l1.delta"),
        ({"table.SAC-JC.method": "jpg"}, "table.SAC-JC.method: .*did you mean 'jpeg'"),
        ({"counts": [0]}, "counts"),
        ({"redraws": 3}, "redraws"),
        ("tasks: [", "not YAML"),
        ("- a list", "expected sections, found list"),
        ("tasks: []", "the section fingerprint is missing"),
    ],
)
def test_what_cannot_be_stops_in_one_line_with_the_nearest_name(changed, change, says):
    with pytest.raises(BadInput, match=says) as error:
        changed(change)
    assert "\n" not in str(error.value)
    assert re.match(r"params\.yaml|pipeline/|extract_prob|distill", str(error.value))


def test_a_task_may_be_adversarial_where_no_answers_are_learned(changed):
    changed(
        {
            "task.digits.recipe.adversary": {},
            "task.digits.attacks": {"extract_prob": {"recipe": {"adversary": None}}},
            "task.digits.surrogates": {"recipe": {"adversary": None}},
        }
    )


def test_without_a_file_it_says_where_to_go(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match="run this in the repository's root"):
        check_params()


def test_a_changed_file_is_read_again(changed):
    changed({"counts": [5]})
    assert params.read("counts") == [5]
    changed({"counts": [6, 7]})
    assert params.read("counts") == [6, 7]


def test_every_benchmark_states_its_regime(changed):
    changed({})
    for name in params.read("task"):
        task = params.read(f"task.{name}", Task)
        assert task.recipe.epochs > 0 and task.title


def test_an_unknown_name_without_a_near_one_lists_all():
    assert unknown("task", "zzz", ["b", "a"]) == "unknown task 'zzz': known: a, b"


def test_a_task_says_what_attacks_do_otherwise_there(changed):
    changed(TEXT)
    here, there = read_attack("prune", "emotion"), read_attack("prune", "fashion_mini")
    assert (here.by, max(here.ratios), here.recipe.clip) == ("signed", 0.25, 5.0)
    assert (there.by, max(there.ratios), there.recipe.clip) == ("magnitude", 0.45, None)
    assert here.refresh == there.refresh and here.recipe.schedule == there.recipe.schedule == "constant"


def test_a_task_says_what_probes_are_otherwise_there(changed):
    changed(TEXT)
    here, there = read_family("augmented", "cifar100"), read_family("augmented", "cifar10_views")
    assert (here.count, here.corruption) == (40, None) and there == read_family("augmented")
    assert (there.count, there.corruption.count) == (150, 40) and here.jpeg == there.jpeg and here.seed == there.seed


def test_every_number_of_params_yaml_has_a_largest_value():
    """A number that no one can have meant (1e308, 10^30) is refused before anything is made of it."""
    for room in ("attacks", "probes", "fingerprints", "tasks"):
        for module in iter_modules([str(ROOT / "pipeline" / room)]):
            import_module(f"pipeline.{room}.{module.name}")
    kinds = [kind for kind in _below(params.Parameters) if not kind.__module__.startswith("pipeline.cases")]
    assert {"Recipe", "Watermark", "Split", "Family"} <= {kind.__name__ for kind in kinds}
    unbounded = [(kind.__module__, kind.__name__, name) for kind in kinds for name in _unbounded(kind.model_json_schema())]
    assert unbounded == []


def _below(kind):
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def _unbounded(schema, name=""):
    """The names of numbers without a maximum, however deep they stand in a JSON schema."""
    if isinstance(schema, list):
        yield from (found for one in schema for found in _unbounded(one, name))
    elif isinstance(schema, dict):
        if schema.get("type") in ("number", "integer") and not {"maximum", "exclusiveMaximum", "const", "enum"} & schema.keys():
            yield name
        for key, value in schema.items():
            yield from _unbounded(value, name if key in ("anyOf", "items", "prefixItems") else key)
