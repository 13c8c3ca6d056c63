"""An owner's case from enrolling to rechecking, with models that are a matrix each."""

import json
import os
import shutil
import subprocess

import numpy as np
import pytest

from pipeline.cases import owner
from pipeline.cases.case import Rule, alone, needed, unused
from pipeline.cases.commitment import Tampered, commit
from pipeline.cases.drawing import draw_probes
from pipeline.cases.verdict import COPY, NONE_SHOWN, UNDECIDED, ranked
from pipeline.core.errors import BadInput
from pipeline.core.seal import file_digest
from pipeline.data.images import from_arrays, save_images
from tests.casemaking import COPY as THEIR_COPY
from tests.casemaking import INNOCENT, SOURCE, Linear, enrolled, noise_pictures, references


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    folder = enrolled(tmp_path_factory.mktemp("case") / "case", number=40)
    owner.ask(folder, THEIR_COPY, name="copied")
    owner.ask(folder, INNOCENT, name="innocent")
    owner.verify(folder)
    return folder


@pytest.fixture
def own(case, tmp_path):
    return shutil.copytree(case, tmp_path / "case")


def verdicts(folder, *names):
    return {verdict.finding.suspect: verdict for verdict in owner.verify(folder, *names).verdicts}


def test_a_copy_is_told_from_an_innocent_model(case):
    found = verdicts(case)
    assert found["copied"].verdict == COPY and found["innocent"].verdict == NONE_SHOWN
    assert found["copied"].finding.p_value == pytest.approx(1 / 41) and found["copied"].corrected == pytest.approx(2 / 41)
    assert found["copied"].finding.score > found["copied"].threshold > found["innocent"].finding.score


def test_the_p_value_is_a_naive_rank_among_references(case):
    finding = verdicts(case)["innocent"].finding
    above = sum(score >= finding.score for score in finding.references.values())
    assert finding.p_value == (1 + above) / (len(finding.references) + 1)


def test_every_model_is_scored_by_all_others():
    models = [model(noise_pictures(40).images).astype(float) for model in (*references(4), INNOCENT)]
    source = SOURCE(noise_pictures(40).images).astype(float)
    score, scores = ranked(["partial"], source, models[-1], models[:-1])
    again, others = ranked(["partial"], source, models[1], [models[0], models[4], models[2], models[3]])
    assert again == pytest.approx(scores[1], abs=2e-6) and others[1] == pytest.approx(score, abs=2e-6)


def test_a_case_recomputes_its_verdict_from_its_files(case):
    assert [verdict.verdict for verdict in owner.recheck(case).verdicts] == [COPY, NONE_SHOWN]


def test_sha256sum_checks_what_was_committed(case):
    for name in ("commitment.txt", "commitment.sha256", "verdict.sha256"):
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", name], cwd=case, check=True)


@pytest.mark.parametrize(
    "name",
    [
        "enrolled/case.json",
        "enrolled/pool.csv",
        "enrolled/probes/007.png",
        "enrolled/source.csv",
        "enrolled/references/callable-3.csv",
        "commitment.sha256",
        "suspects/copied/suspect.json",
        "suspects/copied/log.jsonl",
        "suspects/copied/answers.csv",
        "verdict/verdict.json",
        "verdict/verdict.html",
        "verdict/verdict.svg",
    ],
)
def test_one_changed_byte_is_found_and_named(own, name):
    data = bytearray((own / name).read_bytes())
    data[len(data) // 2] ^= 1
    (own / name).write_bytes(data)
    with pytest.raises(Tampered, match=name.replace(".", r"\.")):
        owner.recheck(own)


def relisted(folder):
    """Whoever changes a file can also write the list of the verdict's files anew."""
    listed = [line.split("  ", 1)[1] for line in (folder / "verdict.sha256").read_text().splitlines()]
    sums = subprocess.run(["sha256sum", *listed], cwd=folder, capture_output=True, text=True, check=True).stdout
    (folder / "verdict.sha256").write_text(sums)


def test_a_changed_verdict_is_found_though_its_list_was_written_anew(own):
    file = own / "verdict/verdict.json"
    written = json.loads(file.read_text())
    written["verdicts"][1]["verdict"] = COPY
    file.write_text(json.dumps(written))
    relisted(own)
    with pytest.raises(Tampered, match=r"verdicts\.1\.verdict is 'copy', recomputed 'no copy shown'"):
        owner.recheck(own)


def test_changed_answers_are_found_though_the_list_was_written_anew(own):
    shutil.copy(own / "suspects/copied/answers.csv", own / "suspects/innocent/answers.csv")
    relisted(own)
    with pytest.raises(Tampered, match=r"suspects/innocent/answers\.csv: not the answers that log\.jsonl holds"):
        owner.recheck(own)


def forged(folder, change):
    """The case with its written verdict changed, and the list written anew."""
    file = folder / "verdict/verdict.json"
    written = json.loads(file.read_text())
    change(written)
    file.write_text(json.dumps(written))
    relisted(folder)
    return folder


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda told: told["verdicts"].append({**told["verdicts"][1], "verdict": "copy"}),
            r"verdicts\.2\.suspect is 'innocent'",
        ),
        (lambda told: told.update(note="a copy beyond doubt"), "note is 'a copy beyond doubt', recomputed None"),
        (lambda told: told["verdicts"][1].update(created="copy"), r"verdicts\.1\.created is 'copy'"),
        (lambda told: told["verdicts"][1]["reference_scores"].update(another=0.1), r"reference_scores\.another is 0\.1"),
        (lambda told: told["verdicts"][1].update(score=10**400), r"verdicts\.1\.score is 1000"),
        (lambda told: told.update(verdicts=["a suspect"]), "verdict.json"),
        (lambda told: told["verdicts"][0].update(suspect={}), "no such|unknown|verdict.json"),
    ],
)
def test_a_verdict_that_says_more_than_follows_is_found(own, change, says):
    with pytest.raises(Tampered, match=says) as caught:
        owner.recheck(forged(own, change))
    assert len(str(caught.value)) < 500


def test_a_verdict_of_a_thousand_brackets_is_none(own):
    (own / "verdict/verdict.json").write_text('{"verdicts": ' + "[" * 100_000 + "]" * 100_000 + "}")
    relisted(own)
    with pytest.raises(Tampered, match=r"verdict\.json: not a verdict"):
        owner.recheck(own)


def test_classes_that_were_put_in_another_order_are_found(own):
    file = own / "suspects/copied/answers.csv"
    head, *rows = file.read_text().splitlines(keepends=True)
    file.write_text("".join(["probe," + ",".join(reversed(head.strip().split(",")[1:])) + "\n", *rows]))
    relisted(own)
    for step in (owner.verify, owner.recheck):
        with pytest.raises(Tampered, match=r"suspects/copied/answers\.csv: not the answers that log\.jsonl holds"):
            step(own)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"time": "t", "values": [1, 2, 3, 4, 5]}', "probe: Field required"),
        ('{"time": "t", "probe": 1000000, "values": [1, 2, 3, 4, 5]}', "probe 1000000, expected 0 to 59"),
        ('{"time": "t", "probe": -1, "values": [1, 2, 3, 4, 5]}', "probe: Input should be greater"),
        ('{"time": "t", "probe": "x", "values": [1, 2, 3, 4, 5]}', "probe: Input should be a valid integer"),
        ('{"time": "t", "probe": 3, "values": 5}', "values: Input should be"),
        ('{"time": "t", "probe": 3, "values": [1, 2, 3, 4, 1e300]}', "values.4: Input should be less"),
        ('{"time": "t", "probe": 3, "queries": "many"}', "queries: Input should be"),
        ("[" * 100_000, "not JSON"),
        ("3", "Input should be"),
    ],
)
def test_a_line_of_a_log_that_is_none_is_named(own, line, says):
    with (own / "suspects/copied/log.jsonl").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(BadInput, match=f"log\\.jsonl: line 61: {says}") as caught:
        owner.verify(own)
    assert len(str(caught.value)) < 500
    relisted(own)
    with pytest.raises(Tampered, match=r"log\.jsonl: line 61"):
        owner.recheck(own)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"count": 10**9}, "count: Input should be less"),
        ({"shape": [1, 10**6, 10**6]}, r"shape\.1: Input should be less"),
        ({"shape": [1, 12, 12, 12]}, "shape"),
    ],
)
def test_a_case_that_claims_absurd_sizes_ends_in_one_line(own, change, says):
    file = own / "enrolled/case.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    commit(own)
    for step in (owner.verify, owner.probes_of):
        with pytest.raises(BadInput, match=rf"case\.json: {says}"):
            step(own)


def test_a_case_of_a_thousand_brackets_ends_in_one_line(own):
    (own / "enrolled/case.json").write_text("[" * 100_000 + "]" * 100_000)
    commit(own)
    with pytest.raises(BadInput, match=r"case\.json: not JSON"):
        owner.verify(own)


def test_a_run_that_was_killed_while_it_wrote_a_verdict_leaves_none(own, monkeypatch):
    def killed(*words):
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.cases.commitment.write_list", killed)
    with pytest.raises(KeyboardInterrupt):
        owner.verify(own, "copied")
    monkeypatch.undo()
    with pytest.raises(BadInput, match="no verdict in it; `sac verify"):
        owner.recheck(own)
    assert owner.verify(own) and owner.recheck(own)


def test_a_rule_that_was_changed_with_its_commitment_is_found_by_the_published_one(own):
    published = (own / "commitment.txt").read_text().split()[0]
    assert owner.recheck(own, published)
    shutil.rmtree(own / "suspects")
    (own / "enrolled/case.json").write_text((own / "enrolled/case.json").read_text().replace("0.05", "0.4"))
    commit(own)
    owner.ask(own, INNOCENT)
    owner.verify(own)
    assert owner.recheck(own)
    with pytest.raises(Tampered, match=f"not to {published}"):
        owner.recheck(own, published)


def test_a_file_that_was_added_or_lost_is_named(own):
    (own / "enrolled/references/kept_back.csv").write_text("probe\n")
    with pytest.raises(Tampered, match=r"kept_back\.csv: not listed"):
        owner.recheck(own)
    (own / "enrolled/references/kept_back.csv").unlink()
    (own / "enrolled/probes/000.png").unlink()
    with pytest.raises(Tampered, match=r"000\.png: missing"):
        owner.recheck(own)


def test_a_reference_whose_name_leads_out_of_the_case_is_refused(own):
    file = own / "enrolled/case.json"
    (own / "enrolled/references/callable-3.csv").rename(own.parent / "late.csv")
    file.write_text(file.read_text().replace('"callable-3"', '"../../../late"'))
    commit(own)
    with pytest.raises(BadInput, match=r"case\.json: references\.3\.name: String should match pattern"):
        owner.verify(own)


@pytest.mark.parametrize("name", ["enrolled/references", "suspects/innocent", "suspects/copied/answers.csv", "verdict"])
def test_a_link_in_a_case_is_refused_for_what_it_leads_to_could_change(own, name):
    (own / name).rename(own.parent / "late")
    commit(own)
    (own / name).symlink_to(own.parent / "late")
    for step in (owner.verify, owner.recheck):
        with pytest.raises(Tampered, match=f"{name}: a link or the like"):
            step(own)


def test_a_pipe_among_the_enrolled_files_is_refused_and_not_waited_for(own):
    (own / "enrolled/references/callable-3.csv").unlink()
    commit(own)
    os.mkfifo(own / "enrolled/references/callable-3.csv")
    with pytest.raises(Tampered, match=r"callable-3\.csv: a link or the like"):
        owner.verify(own)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("commitment.txt", b"\xff\xfe"),
        ("commitment.sha256", b"00  a\0b\n"),
        ("verdict.sha256", b"00  a\0b\n"),
        ("verdict.sha256", b"00  " + b"a" * 5000 + b"\n"),
        ("verdict.sha256", b"\xff\n"),
    ],
)
def test_a_list_that_no_sha256sum_wrote_is_named(own, name, data):
    (own / name).write_bytes(data)
    if name == "commitment.sha256":
        (own / "commitment.txt").write_text(f"{file_digest(own / name)}  {name}\n")
    with pytest.raises(Tampered, match=name.replace(".", r"\.")):
        owner.recheck(own)


def test_anybody_with_the_pool_draws_the_same_probes(tmp_path):
    pool = noise_pictures(90)
    save_images(pool, tmp_path / "pool.safetensors")
    save_images(noise_pictures(90, seed=3), tmp_path / "other.safetensors")
    folder = enrolled(tmp_path / "case")
    owner.ask(folder, INNOCENT)
    owner.verify(folder)
    owner.recheck(folder, images=str(tmp_path / "pool.safetensors"))
    with pytest.raises(Tampered, match=r"pool\.csv: not the pictures"):
        owner.recheck(folder, images=str(tmp_path / "other.safetensors"))


def test_pictures_that_are_not_square_are_drawn_again_as_they_are(tmp_path):
    def model(seed):
        weights = np.random.default_rng(seed).normal(size=(8 * 12, 5)).astype(np.float32)
        return lambda images: images.reshape(len(images), -1) / 255 @ weights

    draw = np.random.default_rng(0)
    pool = from_arrays(draw.integers(0, 256, (60, 1, 8, 12)).astype(np.uint8), np.arange(60) % 5, tuple("abcde"))
    save_images(pool, tmp_path / "pool.safetensors")
    others = tuple(model(seed) for seed in range(1, 4))
    owner.enroll(owner.Plan(source=model(0), images=pool, count=40, references=others), tmp_path / "case")
    owner.ask(tmp_path / "case", model(0), name="same")
    owner.verify(tmp_path / "case")
    assert owner.recheck(tmp_path / "case", images=str(tmp_path / "pool.safetensors"))


def test_probes_are_pictures_of_the_pool_or_mixtures_of_two():
    pool = noise_pictures(50)
    clean = draw_probes(pool, "clean", 20, "ab" * 16, SOURCE)
    assert {image.tobytes() for image in clean} <= {image.tobytes() for image in pool.images}
    for mixed, image in zip(draw_probes(pool, "cutmix", 20, "ab" * 16, SOURCE), clean, strict=True):
        assert 0.4 < (mixed == image).mean() < 0.6
    wrong = draw_probes(pool, "source_wrong", 20, "ab" * 16, SOURCE)
    places = [next(k for k in range(50) if (pool.images[k] == image).all()) for image in wrong]
    assert (SOURCE(wrong).argmax(axis=1) != pool.labels[places]).all()


def test_with_too_few_references_it_is_undecided_and_says_how_many_it_takes(tmp_path):
    folder = enrolled(tmp_path / "case", number=8)
    owner.ask(folder, THEIR_COPY)
    verdict = owner.verify(folder).verdicts[0]
    assert verdict.verdict == UNDECIDED and verdict.references_needed == 19
    assert verdict.reason == "8 references cannot show a copy at 5%: it takes 19"


def test_many_suspects_take_more_references(tmp_path):
    folder = enrolled(tmp_path / "case", number=24)
    for seed in range(2):
        owner.ask(folder, Linear(60 + seed, own=0.4, like=1), name=f"copy-{seed}")
    verdict = owner.verify(folder, "copy-0").verdicts[0]
    assert verdict.verdict == UNDECIDED and verdict.corrected == pytest.approx(2 / 25) and verdict.references_needed == 39


@pytest.mark.parametrize(("alpha", "suspects", "references"), [(0.05, 1, 19), (0.05, 3, 59), (0.1, 1, 9), (0.01, 1, 99)])
def test_the_least_p_value_passes_with_as_many_references_as_are_asked_for(alpha, suspects, references):
    assert needed(alpha, suspects) == references == Rule(alpha=alpha / suspects).references_needed
    assert suspects / (references + 1) <= alpha + 1e-12 < suspects / references


def test_innocent_models_are_accused_no_more_often_than_the_rule_says():
    pictures, accused = noise_pictures(30).images, 0
    source = SOURCE(pictures).astype(float)
    for trial in range(120):
        others = [Linear(1000 + 30 * trial + seed)(pictures).astype(float) for seed in range(20)]
        score, scores = ranked(["partial"], source, others[0], others[1:])
        accused += (1 + sum(other >= score for other in scores)) / 20 <= 0.05
    assert accused <= 13


def test_a_suspect_of_other_classes_is_judged_too(tmp_path):
    folder = enrolled(tmp_path / "case")

    def transferred(images):
        return THEIR_COPY(images) @ np.random.default_rng(0).normal(size=(5, 7)).astype(np.float32)

    owner.ask(folder, transferred)
    finding = owner.verify(folder).verdicts[0].finding
    assert finding.p_value == pytest.approx(1 / 25) and finding.comparison == "procrustes"


def test_a_suspect_of_other_classes_that_tells_labels_alone_is_undecided(tmp_path):
    folder = enrolled(tmp_path / "case")
    owner.ask(folder, np.eye(7)[np.arange(60) % 7], name="other")
    verdict = owner.verify(folder).verdicts[0]
    assert verdict.verdict == UNDECIDED and "it has 7 classes, the source 5" in verdict.reason


def test_classes_that_are_named_in_another_order_are_put_in_the_sources(tmp_path):
    from pipeline.cases.exchanging import take_in

    folder = enrolled(tmp_path / "case", rule=Rule(numbers="pointwise_cosine"))
    enrolment = owner.read_enrolment(folder)
    answers = THEIR_COPY(owner.probes_of(folder))
    take_in(folder, enrolment, answers, enrolment.classes, "straight", "x", None)
    take_in(folder, enrolment, answers[:, ::-1], enrolment.classes[::-1], "turned", "x", None)
    straight, turned = owner.verify(folder).verdicts
    assert straight.finding.score == turned.finding.score


def test_refused_probes_are_left_out_for_all_models(tmp_path):
    folder = enrolled(tmp_path / "case")
    answers = THEIR_COPY(owner.probes_of(folder))
    answers[::5] = np.nan
    owner.ask(folder, answers, name="shy")
    finding = owner.verify(folder).verdicts[0].finding
    told = answers[~np.isnan(answers).any(axis=1)]
    assert (finding.answered, finding.refused) == (48, 12) and len(told) == 48 and finding.p_value == pytest.approx(1 / 25)


def test_a_suspect_that_answers_next_to_nothing_is_undecided(tmp_path):
    folder = enrolled(tmp_path / "case")
    answers = THEIR_COPY(owner.probes_of(folder))
    answers[10:] = np.nan
    owner.ask(folder, answers, name="silent")
    verdict = owner.verify(folder).verdicts[0]
    assert verdict.verdict == UNDECIDED and verdict.reason == "it answered 10 probes, the rule asks for 20"


def test_known_copies_are_shown_and_count_for_nothing(tmp_path):
    plain, shown = enrolled(tmp_path / "plain"), enrolled(tmp_path / "shown", known_copies=(Linear(61, own=0.3, like=1),))
    for folder in (plain, shown):
        owner.ask(folder, INNOCENT)
    without, beside = (owner.verify(folder).verdicts[0].finding for folder in (plain, shown))
    assert without.p_value == beside.p_value and without.score == beside.score
    assert min(beside.known_copies.values()) > beside.score


def test_a_case_is_enrolled_once(case):
    with pytest.raises(BadInput, match="committed already"):
        enrolled(case)


def test_a_case_that_was_committed_while_another_run_prepared_it_is_not_overwritten(tmp_path):
    told, folder = noise_pictures(90), tmp_path / "case"
    told.images[3] = told.images[1]
    plan = owner.Plan(source=SOURCE, images=told, count=40, references=references(3))
    with pytest.raises(BadInput, match="committed already"):
        owner.enroll(plan, folder, tell=lambda remark: enrolled(folder))
    owner.ask(folder, INNOCENT)
    assert owner.verify(folder)


def test_one_run_at_a_time_enrolls_into_a_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SAC_WAIT", "0")
    with alone(tmp_path / "case", "enroll", "enrolling"), pytest.raises(BadInput, match=r"held by process .* enrolling since"):
        enrolled(tmp_path / "case")


def test_a_name_that_is_taken_counts_up_until_it_is_free():
    used = set()
    assert [unused(name, used) for name in ("m", "m-2", "m", "m")] == ["m", "m-2", "m-3", "m-4"] and len(used) == 4


def test_a_case_without_references_is_refused(tmp_path):
    with pytest.raises(BadInput, match="a verdict needs references"):
        owner.enroll(owner.Plan(source=SOURCE, images=noise_pictures(90)), tmp_path / "case")


def test_what_is_no_case_says_how_one_is_made(tmp_path):
    for step in (owner.probes_of, owner.verify):
        with pytest.raises(BadInput, match="sac enroll MODEL"):
            step(tmp_path)


def test_an_unknown_suspect_is_told_the_nearest(case):
    with pytest.raises(BadInput, match="did you mean 'innocent'"):
        owner.verify(case, "inocent")
