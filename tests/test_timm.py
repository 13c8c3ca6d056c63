"""Networks of timm, where it is installed."""

import subprocess
import sys
from importlib.metadata import version

import pytest

from pipeline.attacks import read_attack
from pipeline.core.errors import BadInput
from pipeline.models import check_architecture
from pipeline.tasks.recipe import Recipe
from pipeline.zoo.plan import Material, plan
from tests.imports import ROOT

timm = pytest.importorskip("timm")

QUICK = Recipe(epochs=1, batch=16, rate=0.01)
TIMMS = "timm_resnet10t"


def test_a_misspelt_one_has_a_nearest_one_in_a_short_line():
    with pytest.raises(BadInput, match=r"did you mean 'timm_resnet10t'.* more$") as error:
        check_architecture("timm_resnet10")
    assert len(str(error.value)) < 3000


def test_looking_for_one_imports_no_torch():
    code = (
        "import sys; from pipeline.models import check_architecture; check_architecture('timm_resnet10t');"
        "assert not {'torch', 'timm'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_every_name_is_one_of_timms():
    from pipeline.models.timm import others

    theirs = set(timm.list_models())
    assert len(theirs & {name.removeprefix("timm_") for name in others()}) > 0.95 * len(theirs)


@pytest.mark.parametrize("arch", [TIMMS, "timm_mobilenetv3_small_050"])
def test_it_learns_and_comes_back_from_its_file(arch, tiny, tmp_path):
    from pipeline.models.network import load, predict, save
    from pipeline.training.fit import fit_new

    network = fit_new(arch, tiny.take(range(32)), QUICK, seed=0)
    save(network, tmp_path / "it")
    answers = predict(network, tiny.images[:8])
    assert answers.shape == (8, len(tiny.classes))
    assert (predict(load(tmp_path / "it"), tiny.images[:8]) == answers).all()


def test_only_a_student_or_a_source_of_timms_has_another_key_under_another_timm(tiny, monkeypatch):
    def key(arch, source):
        (job,) = plan("extract_label", read_attack("extract_label"), [arch], 1, QUICK, Material(tiny, tiny, b"", source, None))
        return job.key

    pairs = [(arch, source) for arch in ("vgg_slim", TIMMS) for source in ("vgg_slim", TIMMS)]
    here = {pair: key(*pair) for pair in pairs}
    monkeypatch.setattr("pipeline.zoo.plan.version", lambda name: "0.1" if name == "timm" else version(name))
    assert [pair for pair in pairs if key(*pair) == here[pair]] == [("vgg_slim", "vgg_slim")]
