"""The watermark as probes: triggers that trained nothing, with the class that a copy should answer."""

import numpy as np
import pytest

from pipeline.core.errors import BadInput
from pipeline.probes.probe_set import DefenderModels, load_probes, save_probes
from pipeline.probes.watermark import Family
from pipeline.tasks.watermark import TRIGGERS, Triggers, load_triggers, save_triggers

FACTS = {"before": 0.0, "trained": 1.0, "held_out": 0.9}
FAMILY = Family(count=4, minimum=2)


def triggers(facts=FACTS):
    draw = np.random.default_rng(0)
    images, index = draw.integers(0, 256, (8, 1, 6, 6), dtype=np.uint8), np.arange(8)
    return Triggers(images, np.full(8, 3), index, index < 3, 5, facts)


def models(folder, **changes):
    save_triggers(triggers(**changes), folder / TRIGGERS)
    return DefenderModels(folder / "source.safetensors")


def test_probes_are_held_out_triggers_with_the_target_class(tmp_path):
    (probes,) = FAMILY(None, models(tmp_path))
    assert probes.method == "ewe" and probes.index.tolist() == [3, 4, 5, 6]
    assert (probes.images == triggers().images[3:7]).all() and set(probes.targets) == {5}
    assert probes.facts == FACTS


def test_a_source_without_a_watermark_has_none_and_its_file_opens(tmp_path):
    assert FAMILY(None, DefenderModels(tmp_path / "source.safetensors")) == []
    save_probes([], tmp_path)
    assert load_probes(tmp_path) == []


@pytest.mark.parametrize(
    ("family", "facts", "says"),
    [
        (FAMILY.model_copy(update={"minimum": 6}), FACTS, "5 triggers trained no model, at least 6"),
        (FAMILY, FACTS | {"held_out": 0.2}, "answers 20% of its triggers with the target class, expected 50%"),
    ],
)
def test_a_watermark_that_did_not_take_is_an_error(tmp_path, family, facts, says):
    with pytest.raises(BadInput, match=says):
        family(None, models(tmp_path, facts=facts))


def test_triggers_come_back_from_their_file(tmp_path):
    save_triggers(triggers(), tmp_path / TRIGGERS)
    again = load_triggers(tmp_path / TRIGGERS)
    assert (again.images == triggers().images).all() and (again.trained == triggers().trained).all()
    assert (again.target, again.facts) == (5, FACTS)
