"""Networks of timm, where it is installed."""

import subprocess
import sys

import pytest

from pipeline.core.errors import BadInput
from pipeline.models import check_architecture
from tests.imports import ROOT

timm = pytest.importorskip("timm")


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


@pytest.mark.parametrize("arch", ["timm_resnet10t", "timm_mobilenetv3_small_050"])
def test_it_learns_and_comes_back_from_its_file(arch, tiny, tmp_path):
    from pipeline.models.network import load, predict, save
    from pipeline.tasks.recipe import Recipe
    from pipeline.training.fit import fit_new

    network = fit_new(arch, tiny.take(range(32)), Recipe(epochs=1, batch=16, rate=0.01), seed=0)
    save(network, tmp_path / "it")
    answers = predict(network, tiny.images[:8])
    assert answers.shape == (8, len(tiny.classes))
    assert (predict(load(tmp_path / "it"), tiny.images[:8]) == answers).all()
