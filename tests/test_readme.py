"""README and docs say what the tables say, lead to what exists, and name commands that exist.

Where the answer of README or the table of docs/findings.md differ, the failing test prints the lines that belong there.
"""

import re
import subprocess

import click
import pandas as pd
import pytest
from dvc.cli.parser import get_main_parser

from pipeline.reports.regimes import CHANGED
from stages.cli import sac
from tests.docs import PAGES, blocks, prose
from tests.imports import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
FINDINGS = (ROOT / "docs/findings.md").read_text(encoding="utf-8")
TASKS = {
    "fashion_mini": "FashionMNIST, embedded",
    "fashion_mini_ewe": "the same, a watermarked source",
    "fashion_mnist": "FashionMNIST, learned by heart",
    "fashion_mnist_views": "FashionMNIST, augmented, asked on every view",
    "fashion_mnist_long": "the same, few images, trained until they fit, three sources",
    "cifar10_views": "CIFAR-10, augmented, asked on every view",
    "cifar10_resnet": "the same, source a ResNet",
    "cifar100": "CIFAR-100, augmented, asked on every view",
    "tiny_imagenet": "Tiny-ImageNet at 32 x 32, augmented, asked on every view",
    "emotion_views": "Emotions (FER2013), augmented, asked on every view",
    "emotion_views_resnet": "the same, source a ResNet",
    "emotion_views_mobilenet": "the same, source a MobileNet",
    "emotion_views_densenet": "the same, source a DenseNet",
    "faces": "Face verification (LFW)",
    "faces_orl": "Face verification (ORL, 9 people a half: serves the tests)",
}
SOURCES = {"fashion_mnist_long": ["fashion_mnist_long_2", "fashion_mnist_long_3"]}
"""Tasks that the findings show together with further sources, by the table over all of them."""
HEADLINE = "fashion_mnist_long"
COLUMNS = [
    "SAC-w",
    "SAC-m",
    "SAC-JC",
    "AKH",
    "Logit cosine",
    "Procrustes",
    "WP-JC",
    "Partial, innocents",
    "Partial, owner",
    "CAE",
    "IPGuard",
]
ANSWER = """On FashionMNIST, by networks that fit their augmented images ({sources} sources, {stolen} copies of each,
{irrelevant} models made without any of them), SAC tells copies from other models with an average AUC of {SAC-w} {[SAC-w]} as
SAC-w, {SAC-m} {[SAC-m]} as SAC-m and {SAC-JC} {[SAC-JC]} as SAC-JC (1: always, 0.5: by chance); of the {published} AUCs in the
NeurIPS paper's appendix, Table 3, {inside} lie in our 95 % intervals over the sources ({first} by the first alone).
A partial correlation, told by reference models what models of one task have in common anyway, has
{Partial, owner} {[Partial, owner]} when the owner trains them; its form was frozen before these zoos were trained.
Of the rivals WP-JC, a suspect's errors where the source errs, has {WP-JC} {[WP-JC]}, AKH, which compares labels there,
{AKH} {[AKH]}, Procrustes {Procrustes} {[Procrustes]} and CAE {CAE} {[CAE]}. The papers rank SAC first;
here CAE or IPGuard is ahead of the best SAC in {behind} of the {rows} rows of the findings."""
"""A name in braces stands for its average AUC, one in brackets for the 95 % interval."""
RANKED = {"SAC": ("SAC-w", "SAC-m", "SAC-JC"), "rivals": ("CAE", "IPGuard")}
TWO_DECIMALS = re.compile(r"\b[01]\.\d\d\b")


def main(task):
    """The main table of a task, over all its sources where there are several."""
    file = f"sources_{task}.csv" if task in SOURCES else f"{task}/tables/main.csv"
    return pd.read_csv(ROOT / "reports" / file, dtype={"published": str})


def averages(task):
    """The row of the average over attacks of every fingerprint, by its name without brackets."""
    own = main(task)
    own = own[(own["attack"] == "average") & own["auc"].notna()]
    return {row["fingerprint"].partition(" (")[0]: row for _, row in own.iterrows()}


def table():
    """The table of findings, from the reports."""
    head = f"| average AUC | {' | '.join(COLUMNS)} |"
    lines = [head, "|---" * (len(COLUMNS) + 1) + "|"]
    for task, title in TASKS.items():
        rows = averages(task)
        cells = [f"{rows[name]['auc']:.2f}" if name in rows else "–" for name in COLUMNS]
        link = f"sources_{task}.md" if task in SOURCES else f"{task}/tables/report.md"
        lines.append(f"| [{title}](../reports/{link}) | {' | '.join(cells)} |")
    return "\n".join(lines)


def printed(rows):
    """The cells of a main table that have a published value."""
    return rows[rows["published"].notna() & (rows["attack"] != "pooled")]


def inside(rows):
    """How many published values lie in the interval."""
    return int((printed(rows)["inside"] == "yes").sum())


def sac_is_behind(task):
    """Whether CAE or IPGuard has a higher average AUC than the best of SAC."""
    rows = averages(task)
    best = {kind: max(rows[name]["auc"] for name in names if name in rows) for kind, names in RANKED.items()}
    return best["rivals"] > best["SAC"]


def answer():
    """README's sentences about HEADLINE, from its table over all sources."""
    rows, whole = averages(HEADLINE), main(HEADLINE)
    any_row = rows["SAC-w"]
    values = {name: int(any_row[name]) for name in ("sources", "stolen", "irrelevant")}
    values |= {"inside": inside(whole), "published": printed(whole)["attack"].size}
    values |= {"first": inside(pd.read_csv(ROOT / f"reports/{HEADLINE}/tables/main.csv", dtype={"published": str}))}
    values |= {"rows": len(TASKS), "behind": sum(map(sac_is_behind, TASKS))}
    for name, row in rows.items():
        values |= {name: f"{row['auc']:.2f}", f"[{name}]": f"[{row['low']:.2f}, {row['high']:.2f}]"}
    return re.sub(r"\{([^}]+)\}", lambda match: str(values.get(match.group(1), "–")), ANSWER)


@pytest.fixture
def published():
    """Skips where reports are not the committed ones, but those of a run on another kind of machine."""
    changed = subprocess.run(["git", "diff", "--name-only", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.split()
    if "dvc.lock" in changed and "README.md" not in changed:
        pytest.skip("reports/ holds a run of this machine's own: README tells of the published one")


def test_the_table_is_what_the_reports_say(published):
    assert table() in FINDINGS, f"put this into docs/findings.md:\n{table()}"


def test_the_answer_is_what_the_report_says(published):
    assert answer() in README, f"put this into README.md:\n{answer()}"


def test_neither_page_has_another_measured_number(published):
    for page, told in ((README, answer()), (FINDINGS, table())):
        assert TWO_DECIMALS.findall(page.replace(told, "")) == []


def test_every_task_with_a_report_stands_in_the_table():
    shown = {*TASKS, *CHANGED, *(source for others in SOURCES.values() for source in others)}
    assert {file.parent.name for file in (ROOT / "reports").glob("*/metrics.json")} == shown


def test_readme_is_a_screen_and_a_half():
    assert len(README.splitlines()) <= 65


def targets(page):
    """What a page links to, with the anchors."""
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)) if not link.startswith("http")]


def anchors(page):
    """The headings of a page as links write them."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for link in targets(page):
        path, _, anchor = link.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), f"{page.name}: {link}"
        assert not anchor or anchor in anchors(found), f"{page.name}: {link}"


def code(page):
    """The code of a page: its blocks of commands, and what stands between back ticks."""
    shown = [text for language, text in blocks(page) if not language]
    return "\n".join([*shown, *re.findall(r"`([^`\n]+)`", prose(page))])


def called(page, program):
    """The subcommands of a program that a page calls, with the rest of their line, comments apart."""
    lines = [line.split(" # ")[0].split("  #")[0] for line in code(page).splitlines()]
    return re.findall(rf"(?:^|&& |\s){program} ([a-z_]+)\b([^&\n]*)", "\n".join(lines), flags=re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_sac_and_their_options_exist(page):
    context = click.Context(sac)
    for name, rest in called(page, "sac"):
        command = sac.get_command(context, name)
        assert command is not None, f"{page.name}: sac {name}"
        known = {option for one in command.get_params(context) for option in one.opts}
        assert set(re.findall(r"(?<=\s)--[a-z-]+", rest)) <= known, f"{page.name}: sac {name}{rest}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_targets_of_make_exist(page):
    known = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert {name for name, _ in called(page, "make")} <= set(known)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_dvc_exist(page):
    parser = get_main_parser()
    for name, rest in called(page, "dvc"):
        words = [name, *(rest.split()[:1] if name in {"exp", "metrics", "plots", "queue", "remote"} else [])]
        with pytest.raises(SystemExit) as ended:
            parser.parse_args([*words, "--help"])
        assert ended.value.code == 0, f"{page.name}: dvc {' '.join(words)}"


def test_no_page_names_a_folder_of_one_machine():
    for page in PAGES:
        assert not re.search(r"/(work|home|root)/", page.read_text(encoding="utf-8")), page.name


def test_every_setting_of_the_code_is_described():
    sources = [file for room in ("pipeline", "stages") for file in (ROOT / room).rglob("*.py")]
    used = {name for file in sources for name in re.findall(r"\bSAC_[A-Z][A-Z_0-9]+\b", file.read_text(encoding="utf-8"))}
    described = (ROOT / "docs/reproduce.md").read_text(encoding="utf-8")
    assert {name for name in used if name not in described} == set()
