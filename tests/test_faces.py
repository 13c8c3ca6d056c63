"""Face verification through all stages, with the very commands of dvc.yaml, on people of made pictures."""

import json
import os
import re
from copy import deepcopy
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pipeline.attacks import read_attack
from pipeline.core.errors import BadInput
from pipeline.core.names import known
from pipeline.data.images import load_images, save_images
from pipeline.fingerprints.comparing import FEATURES
from pipeline.fingerprints.correlation import cosine, l1, unit
from pipeline.models.network import embeddings, load
from pipeline.outputs.table import read_outputs
from pipeline.probes.fri import Family
from pipeline.probes.probe_set import DefenderModels, load_probes
from pipeline.tasks.recipe import Recipe
from pipeline.tasks.task import Verification, parts_of
from pipeline.verification.pairs import calibration_pairs
from pipeline.verification.verifier import threshold_of, verification_accuracy
from pipeline.wiring.check import check_params
from pipeline.zoo.plan import plan, read_material
from pipeline.zoo.suspects import read_index
from tests import scratch
from tests.imports import ROOT
from tests.making import make_tiny
from tests.test_stages import run

TASK = "people"
PEOPLE, PICTURES, GALLERY = 34, 12, 11
ARCH = "face_resnet18_slim"
CHANGES = {
    "title": "made people",
    "published": "faces",
    "data": "faces_folder",
    "source": ARCH,
    "archs": [ARCH],
    "seeds": 1,
    "split": {
        "defender": 6,
        "attacker": 6,
        "query": 4,
        "defender_calibration": 4,
        "attacker_calibration": 4,
        "test": 4,
        "probe_people": 6,
        "gallery": GALLERY,
        "seed": 0,
    },
    "verification": {"size": 32, "channels": 1, "gallery": GALLERY, "pairs": 60, "calibration": 40, "seed": 0},
    "recipe": {"epochs": 2, "batch": 24, "rate": 0.05, "arcface": {"margin": 0.1, "scale": 8}},
    "surrogates": {"archs": [ARCH], "seeds": 1},
    "references": {"archs": [ARCH], "seeds": 1},
}
LABELS = {"extract_label", "extract_prob", "extract_adv"}
MOVING = {name for name in known("attacks") if "transfer" in name or "corrupted" in name}
APPLY = {"irrelevant", "finetune_all", "finetune_last", "prune", "distill", "adversarial_training"}


def people_params() -> dict:
    """The tiny task's parameters with face verification in its place."""
    params, orl = scratch.tiny_params(), parts_of("faces_orl", ROOT / "params.yaml")
    params |= {"tasks": [TASK], "task": {TASK: orl | deepcopy(CHANGES)}}
    params["probes"]["fri"] |= {"count": 24, "minimum": 5}
    params["probes"]["face_pairs"] |= {
        "count": 10,
        "minimum": 1,
        "pairs": 200,
        "moved": 12,
        "boundary": {"k": 0.001, "rate": 0.02, "steps": 20},
        "conferrable": {"epsilon": 0.5, "rate": 0.1, "steps": 5, "threshold": 0.0},
    }
    return params


def draw_people(folder):
    """Pictures of PEOPLE: everybody a pattern, every picture the pattern with noise."""
    draw = np.random.default_rng(0)
    for person in range(PEOPLE):
        (folder / f"p{person:02}").mkdir(parents=True)
        pattern = draw.integers(0, 256, (4, 4)).repeat(8, 0).repeat(8, 1)
        for place in range(PICTURES):
            pixels = (pattern + draw.normal(0, 60, (32, 32))).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"p{person:02}" / f"{place}.png")


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A folder in which all stages have run."""
    folder = scratch.make(tmp_path_factory.mktemp("faces"))
    scratch.write_params(folder, people_params())
    draw_people(folder / "data/faces_folder")
    before, patch = os.getcwd(), pytest.MonkeyPatch()
    patch.setenv("SAC_JOBS", "1")
    patch.setenv("SAC_DATA", str(folder / "data"))
    patch.chdir(folder)
    try:
        for _, _, words in scratch.stages(TASK):
            result = run(*words)
            assert result.exit_code == 0, f"{words}: {result.output} {result.exception!r}"
        yield SimpleNamespace(
            folder=folder,
            artifacts=folder / "artifacts" / TASK,
            report=folder / "reports" / TASK,
            how=people_params()["task"][TASK]["verification"],
        )
    finally:
        patch.undo()
        os.chdir(before)


def answers_of(ran, family):
    return {one.method: one for one in read_outputs(ran.artifacts / f"outputs/{family}.parquet")}


def verification_of(ran):
    return Verification(**ran.how)


def test_owners_share_no_person(ran):
    names = (
        "defender/task",
        "defender/query",
        "defender/pool",
        "defender/calibration",
        "attacker/task",
        "attacker/calibration",
        "accuracy/task",
    )
    classes = [load_images(ran.artifacts / f"{name}.safetensors").classes for name in names]
    everybody = [person for own in classes for person in own]
    assert [len(own) for own in classes] == [6, 4, 6, 4, 6, 4, 4] and len(set(everybody)) == len(everybody)
    digests = json.loads((ran.artifacts / "manifest.json").read_text())["digests"]
    assert set(digests) == set(names) and len(set(digests.values())) == len(names)


def test_attacks_that_do_not_apply_say_so_and_the_others_are_made(ran):
    for folder in (ran.artifacts / "zoo").iterdir():
        index = read_index(folder)
        assert bool(index.suspects) == (folder.name in APPLY), folder.name
        assert index.why in (
            None,
            "does not apply to verification",
            f"{TASK} has no transfer data",
            f"{TASK} has no corrupted data",
        )


def test_what_a_source_answers_labels_for_is_for_classification_alone(monkeypatch):
    monkeypatch.chdir(ROOT)
    for kind, others in (("classification", APPLY - {"distill", "adversarial_training"}), ("verification", APPLY)):
        assert {name for name in known("attacks") if read_attack(name).is_for(kind)} - LABELS - MOVING == others
    assert {name for name in LABELS if read_attack(name).is_for("classification")} == LABELS
    assert not {name for name in LABELS if read_attack(name).is_for("verification")}


def test_stolen_suspects_begin_with_the_sources_embedding_and_centres_of_their_own(ran):
    source, suspect = (
        load(ran.artifacts / path)
        for path in (f"source/source-{ARCH}-0.safetensors", f"zoo/finetune_all/finetune_all-{ARCH}-0.safetensors")
    )
    attacker = load_images(ran.artifacts / "attacker/task.safetensors")
    trained = load(ran.artifacts / f"zoo/adversarial_training/adversarial_training-{ARCH}-0.safetensors")
    assert trained.spec.classes == suspect.spec.classes == attacker.classes != source.spec.classes
    mine, theirs = (embeddings(network, attacker.images) for network in (source, suspect))
    assert (mine * theirs).sum(axis=1).mean() > 0.5


def test_records_hold_verification_accuracy_and_how_well_embeddings_are_imitated(ran):
    test = load_images(ran.artifacts / "accuracy/task.safetensors")
    for attack in ("irrelevant", "distill"):
        (record,) = json.loads((ran.artifacts / f"records/{attack}.json").read_text())["models"]
        network = load(ran.artifacts / f"zoo/{attack}/{record['suspect']}.safetensors")
        assert record["test_accuracy"] == verification_accuracy(network, test, verification_of(ran))
    source = load(ran.artifacts / f"source/source-{ARCH}-0.safetensors")
    half = load_images(ran.artifacts / "attacker/task.safetensors")
    mean = (embeddings(network, half.images) * embeddings(source, half.images)).sum(axis=1).mean()
    assert record["train_accuracy"] == pytest.approx(mean, abs=1e-5)


def test_targets_and_the_pictures_beside_them_show_one_person_and_never_the_same_picture(ran):
    pool = load_images(ran.artifacts / "defender/pool.safetensors")
    sets = {probes.method: probes for probes in load_probes(ran.artifacts / "probes/fri")}
    assert (*sets, "fri_50") == Family.methods == FEATURES
    clean = sets["fri_clean"]
    assert clean.beside.shape == (24, GALLERY) and (clean.images == pool.images[clean.index]).all()
    assert len(set(clean.index)) == 24 and len(set(clean.labels[:6])) == 6
    for target, label, places in zip(clean.images, clean.labels, clean.gallery[clean.beside], strict=True):
        own = pool.images[pool.labels == label]
        for picture in places:
            assert (picture == own).all(axis=(1, 2, 3)).any() and (picture != target).any()
    for kind, count in (("fri_5", 5), ("fri_10", 10)):
        assert (sets[kind].beside == clean.beside[:, :count]).all()
        assert (sets[kind].images == sets["fri"].images).all()
    assert sets["fri"].facts == {"pictures": GALLERY, "people": 6}


def test_those_with_51_pictures_give_the_papers_number_of_pictures(ran):
    pool = make_tiny(240, 0)
    pool = pool.take(np.flatnonzero((pool.labels > 0) | (np.cumsum(pool.labels == 0) <= 40)))
    sets = Family(count=60, minimum=20)(pool, DefenderModels(None, verification=verification_of(ran)))
    fri, more = ({probes.method: probes for probes in sets}[kind] for kind in ("fri", "fri_50"))
    assert more.facts == {"pictures": 50, "people": 2} and fri.facts == {"pictures": GALLERY, "people": 3}
    assert more.beside.shape == (60, 50) and set(more.labels) == {1, 2} and len(set(more.index)) == 60
    for place, label, places in zip(more.index, more.labels, more.beside, strict=True):
        others = np.delete(pool.images, place, axis=0)[np.delete(pool.labels, place) == label]
        shown = more.gallery[places]
        assert len(np.unique(shown.reshape(50, -1), axis=0)) == 50
        assert all((picture == others).all(axis=(1, 2, 3)).any() for picture in shown)


def test_without_two_people_of_51_pictures_there_is_no_such_kind(ran):
    pool, how = make_tiny(240, 0), DefenderModels(None, verification=verification_of(ran))
    for most in ([80, 40, 40], [80, 80, 40]):
        chosen = np.concatenate([np.flatnonzero(pool.labels == person)[:count] for person, count in enumerate(most)])
        kinds = [probes.method for probes in Family(count=60, minimum=20)(pool.take(chosen), how)]
        assert ("fri_50" in kinds) == (most[1] > 50)


def test_a_measurement_is_taken_anew_when_the_way_of_measuring_changes(tmp_path, monkeypatch, ran):
    monkeypatch.chdir(ran.folder)
    images = ran.artifacts / "defender/task.safetensors"

    def measured():
        recipe = Recipe(**people_params()["task"][TASK]["recipe"])
        material = read_material(TASK, read_attack("irrelevant"), images, images, None, verification_of(ran))
        (job,) = plan("irrelevant", read_attack("irrelevant"), [ARCH], 1, recipe, material)
        return job.key, job.measured_on

    before = measured()
    monkeypatch.setattr("pipeline.zoo.plan.MEASURES_VERIFICATION", ("verification/pairs.py",))
    assert measured()[0] == before[0] and measured()[1] != before[1]


def decided(ran, file, calibration, probes):
    """What a network answers with the threshold that the people in a file set it: a bit for each target and reference."""
    network, people = load(ran.artifacts / file), load_images(calibration)
    threshold = threshold_of(network, calibration_pairs(people, verification_of(ran)))
    targets, gallery = embeddings(network, probes.images), embeddings(network, probes.gallery)
    return np.array(
        [
            [float(target @ gallery[place] >= threshold) for place in places]
            for target, places in zip(targets, probes.beside, strict=True)
        ]
    )


def source_and_stranger(answers):
    """(file, its answers) of the source, and of an irrelevant model."""
    return (
        (f"source/source-{ARCH}-0.safetensors", answers.source),
        (
            f"zoo/irrelevant/irrelevant-{ARCH}-0.safetensors",
            answers.logits[list(answers.suspects["attack"]).index("irrelevant")],
        ),
    )


def test_a_feature_is_the_owners_decision_on_each_reference(ran):
    fri = {probes.method: probes for probes in load_probes(ran.artifacts / "probes/fri")}["fri"]
    answers = source_and_stranger(answers_of(ran, "fri")["fri"])
    for owner, (file, given) in zip(("defender", "attacker"), answers, strict=True):
        naive = decided(ran, file, ran.artifacts / owner / "calibration.safetensors", fri)
        assert np.abs(given - naive).mean() < 0.01


def test_the_source_has_the_defenders_threshold_and_suspects_the_attackers(ran, tmp_path):
    """A defender who calibrates with copies of one person's pictures, as if they were different people, sets it too high."""
    fri = {probes.method: probes for probes in load_probes(ran.artifacts / "probes/fri")}["fri"]
    people = load_images(ran.artifacts / "defender/calibration.safetensors")
    strict = tmp_path / "defender/calibration.safetensors"
    save_images(replace(people, images=people.images[people.labels == 0][people.labels]), strict, TASK)
    words = next(words for name, item, words in scratch.stages(TASK) if (name, item.get("family")) == ("outputs", "fri"))
    result = run(*words, "--defender", str(strict.parent), "--out", str(tmp_path / "out.parquet"))
    assert result.exit_code == 0, result.output
    answers = {one.method: one for one in read_outputs(tmp_path / "out.parquet")}["fri"]
    owners = strict, ran.artifacts / "attacker/calibration.safetensors"
    for (file, given), (own, other) in zip(source_and_stranger(answers), (owners, owners[::-1]), strict=True):
        rightly, wrongly = (decided(ran, file, calibration, fri) for calibration in (own, other))
        assert np.abs(given - rightly).mean() < 0.01 and np.abs(given - wrongly).mean() > 0.3


def test_pairs_are_answered_by_one_of_two_classes(ran):
    sets = {probes.method: probes for probes in load_probes(ran.artifacts / "probes/face_pairs")}
    for kind, answers in answers_of(ran, "face_pairs").items():
        assert answers.classes[0] == answers.source_classes == ("different", "same")
        assert all((logits.sum(axis=1) == 1).all() and set(logits.ravel()) <= {0, 1} for logits in answers.logits)
        assert (answers.source.argmax(axis=1) != answers.labels).mean() > (0.9 if kind != "ipguard_pairs" else 0.5)
        assert (answers.labels == sets[kind].labels).all() and sets[kind].beside.shape[1] == 1


def test_families_of_the_other_kind_of_task_are_empty(ran):
    for family in people_params()["probes"]:
        applies = family in ("fri", "face_pairs")
        assert bool(load_probes(ran.artifacts / "probes" / family)) == applies
        assert bool(read_outputs(ran.artifacts / f"outputs/{family}.parquet")) == applies


def test_features_are_never_compared_by_label(ran):
    scores = pd.read_parquet(ran.artifacts / "scores.parquet")
    assert set(scores["method"]) == {*FEATURES, "wrong_pairs_jpeg", "ipguard_pairs", "cae_pairs"} - {"fri_50"}
    assert not set(scores[scores["method"].isin(FEATURES)]["comparison"]) & {"matching", "mistakes"}


def test_a_feature_of_zeros_is_like_nothing_and_not_like_itself():
    features = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0]], float)
    naive = [[float(a @ b / np.sqrt((a @ a) * (b @ b))) if a.any() and b.any() else 0.0 for b in features] for a in features]
    assert naive[0] == [0, 0, 0] and np.allclose(cosine(unit(features), unit(features)), naive)
    other = np.ones((1, 3, 3))
    assert np.allclose(l1(unit(features), unit(other), cosine), np.abs(1 - np.array(naive)).sum() / 9)


def test_the_report_shows_faces_beside_the_published_values(ran):
    main = pd.read_csv(ran.report / "tables/main.csv", dtype={"published": str}).set_index(["fingerprint", "attack"])
    assert main.loc[("SAC-JC (FRI)", "distill"), "published"] == "0.92"
    assert main.loc[("WP-JC (pairs)", "average"), "published"] == "0.44"
    assert json.loads((ran.report / "metrics.json").read_text())["fingerprint"] == "fri, logits, cosine_l1"
    assert {path.stem for path in (ran.report / "figures").iterdir()} == {
        "averages",
        "counts",
        "gallery",
        "main",
        "published",
        "scores",
    }
    said = (ran.report / "tables/report.md").read_text()
    assert f"FRI asks about 24 targets of 6 people, each beside n = {GALLERY} pictures of the same person (fri)." in said
    assert "| pictures | people | count |" in said and "raw logits" not in said
    gallery = pd.read_csv(ran.report / "tables/gallery.csv")
    assert set(gallery["people"]) == {6}
    assert set(gallery["pictures"]) == {5, 10, GALLERY} and set(gallery["count"]) == {5, 12, 24}


def test_nothing_that_is_published_holds_a_face(ran):
    assert not (ran.report / "figures/probes.svg").exists()
    assert (ran.report / "index.html").read_text().count("<svg") == 5


@pytest.mark.parametrize(
    ("pictures", "count", "says"),
    [
        (2, 50, r"3 people with 3 pictures give 9 targets, at least 20 are needed"),
        (90, 50, r"a target and 90 pictures beside it asked for, nobody has more than 40 pictures"),
    ],
)
def test_too_few_pictures_are_counted_and_refused(ran, pictures, count, says):
    pool = make_tiny(120, 0)
    how = verification_of(ran).model_copy(update={"gallery": pictures})
    family = Family(count=count, minimum=20)
    with pytest.raises(BadInput, match=says) as error:
        family(pool, DefenderModels(None, verification=how))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"verification": None}, r"one without splits images \(defender, attacker, \.\.\.\): found one of each"),
        ({"verification": CHANGES["verification"] | {"gallery": 12}}, "sure to have 11 pictures .*, found 12"),
        ({"verification": CHANGES["verification"] | {"pairs": 61}}, "verification.pairs: .*multiple of 2, found 61"),
        ({"watermark": {"source_class": 1, "target_class": 0}}, "watermark: face verification has none"),
        ({"source": "vgg_slim"}, "compares embeddings, which vgg_slim has none of"),
        (
            {"source": "face_resnet50"},
            f"{ARCH} embeds in fewer numbers than face_resnet50, .*all end in _slim, or none of them",
        ),
        ({"archs": [ARCH, "face_mobilefacenet"]}, f"{ARCH} embeds in fewer numbers than face_mobilefacenet, "),
        ({"surrogates": {"archs": ["face_resnet18"]}}, f"{ARCH} embeds in fewer numbers than face_resnet18, "),
        ({"recipe": {"epochs": 2}}, "recipe.arcface: .*found null"),
        ({"data": "faces_foldr"}, "unknown name 'faces_foldr': did you mean 'faces_folder'"),
        ({"split": CHANGES["split"] | {"defendr": 3}}, "split: unknown key 'defendr': did you mean 'defender'"),
    ],
)
def test_a_task_of_faces_that_cannot_be_stops_in_one_line(tmp_path, monkeypatch, change, says):
    monkeypatch.chdir(tmp_path)
    params = people_params()
    params["task"][TASK] |= change
    scratch.write_params(tmp_path, params)
    result = run("check")
    assert result.exit_code == 1 and result.output.count("\n") == 1
    assert re.search(says, result.output), result.output


def test_references_imitate_nobody_and_all_may_be_at_paper_scale(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    params, wide = people_params(), ["face_resnet18"]
    for change in ({"references": {"archs": [*wide]}}, {"source": wide[0], "archs": [*wide], "surrogates": {"archs": [*wide]}}):
        params["task"][TASK] |= change
        scratch.write_params(tmp_path, params)
        check_params()


@pytest.mark.parametrize("part", ["pairs", "calibration"])
def test_people_with_too_few_pairs_stop_the_split_in_one_line(ran, monkeypatch, tmp_path, part):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SAC_DATA", str(ran.folder / "data"))
    params = people_params()
    params["task"][TASK]["verification"] |= {part: 6000}
    scratch.write_params(tmp_path, params)
    result = run(*next(words for name, _, words in scratch.stages(TASK) if name == "split"))
    assert result.exit_code == 1 and result.output.count("\n") == 1 and not (tmp_path / "artifacts").exists()
    assert f"verification.{part}: expected an even number of pairs" in result.output and "found 6000" in result.output


def test_people_who_are_too_few_stop_the_split_in_one_line(ran, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SAC_DATA", str(ran.folder / "data"))
    params = people_params()
    params["task"][TASK]["split"]["defender"] = 300
    scratch.write_params(tmp_path, params)
    words = next(words for name, _, words in scratch.stages(TASK) if name == "split")
    result = run(*words)
    assert result.exit_code == 1 and "people: 310 asked for" in result.output and result.output.count("\n") == 1
    assert not (tmp_path / "artifacts").exists()
