"""The code blocks of README.md, CONTRIBUTING.md and docs/: every command is one that its program takes, and many are run.

Every command of every block is parsed by its own program, with all its options and arguments, and `dvc exp run -S` is applied
to params.yaml, which must then pass the check that `dvc repro` begins with. A program that PARSED does not know fails.

Run for real, in a scratch folder:
    here                           docs/submit.md, whole; the remotes of docs/remotes.md; the Python of docs/submit.md
    tests/test_dvc.py              docs/vary.md: fingerprint.method, probes.augmented.jpeg.quality, what changed, a grid
    tests/test_remotes.py          docs/remotes.md: dvc push, dvc pull
    tests/test_case_commands.py    docs/cases.md: its case if `make repro` was run here, its Python, the commands of README.md
    tests/test_publish.py          CONTRIBUTING.md: sac publish
    tests/test_site.py             CONTRIBUTING.md: what `make docs` does
    .ci/run                        make test, make slow
"""

import importlib.util
import re
import shutil
import subprocess
import tomllib

import click
import pandas as pd
import pytest
from dvc.cli import DvcParserError
from dvc.cli.parser import get_main_parser
from dvc.exceptions import DvcException
from dvc.utils.hydra import apply_overrides, get_hydra_sweeps
from packaging.requirements import Requirement

from pipeline.core.errors import BadInput
from pipeline.wiring.check import check_params
from stages.cli import sac
from tests import scratch
from tests.docs import PAGES, blocks, commands
from tests.imports import ROOT
from tests.repository import dvc, environment

NAMES = {"NAME": "fashion_mini", "TASK": "fashion_mini"}
"""What stands in a page for a name that its reader chooses."""
ELSEWHERE = {"docs/cases.md": "tests/test_case_commands.py"}
"""Pages whose Python needs models that another test brings."""

REFUSED = (AssertionError, BadInput, DvcException, DvcParserError, click.ClickException, subprocess.CalledProcessError)


def page_of(path):
    return str(path.relative_to(ROOT))


def parse_sac(words, folder):
    command = sac.get_command(click.Context(sac), words[0])
    command.make_context(words[0], words[1:])


def parse_dvc(words, folder):
    """Parse; and apply what `exp run` sets, every combination of a grid, to params.yaml."""
    given = get_main_parser().parse_args(words)
    if not (changes := getattr(given, "set_param", [])):
        return
    file = folder / "params.yaml"
    for combination in get_hydra_sweeps({str(file): changes}) if given.queue else [{str(file): changes}]:
        shutil.copyfile(ROOT / "params.yaml", file)
        apply_overrides(str(file), combination[str(file)])
        check_params()


def parse_make(words, folder):
    subprocess.run(["make", "--dry-run", *words], cwd=ROOT, check=True, capture_output=True)


def parse_git(words, folder):
    known = subprocess.run(["git", "--list-cmds=main"], check=True, capture_output=True, text=True).stdout.split()
    assert words[0] in known


def parse_pip(words, folder):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert words[0] == "install" and words[1].startswith("."), "it is on no index: a clone is installed"
    wanted = Requirement(words[1].replace(".", project["name"], 1))
    assert wanted.extras <= set(project["optional-dependencies"])


def parse_python(words, folder):
    assert words[0] == "-m" and importlib.util.find_spec(words[1])


def parse_ray(words, folder):
    from ray.scripts.scripts import cli

    cli.get_command(click.Context(cli), words[0]).make_context(words[0], words[1:])


def parse_sbatch(words, folder):
    """The script is there; what it is told to run is a command. Options are Slurm's, which is not."""
    own = [word for word in words if not word.startswith("--")]
    assert (ROOT / own[0]).is_file()
    if words[words.index(own[0]) + 1 :]:
        parse(words[words.index(own[0]) + 1 :], folder)


def parse_hooks(words, folder):
    done = subprocess.run(["pre-commit", words[0], "--help"], env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def parse_nothing(words, folder):
    """A word of the shell, or of the reader's system."""
    assert words


PARSED = {
    "sac": parse_sac,
    "dvc": parse_dvc,
    "make": parse_make,
    "git": parse_git,
    "pip": parse_pip,
    "python": parse_python,
    "ray": parse_ray,
    "sbatch": parse_sbatch,
    ".venv/bin/pre-commit": parse_hooks,
    "export": parse_nothing,
    ".": parse_nothing,
    "sudo": parse_nothing,
}


def parse(words, folder):
    """Let a command's own program parse it. Raises whatever the program says."""
    words = [re.sub(rf"\b({'|'.join(NAMES)})\b", lambda name: NAMES[name[0]], word) for word in words]
    assert words[0] in PARSED, f"{words[0]}: a program that this test does not know"
    try:
        PARSED[words[0]](words[1:], folder)
    except SystemExit as ended:
        raise AssertionError(f"{' '.join(words)}: refused by its program ({ended.code})") from None


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=page_of)
def test_every_command_of_a_page_is_one_that_its_program_takes(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for line, words in commands(page):
        try:
            parse(words, tmp_path)
        except REFUSED as error:
            pytest.fail(f"{page_of(page)}: {line}: {error}")


@pytest.mark.parametrize(
    "line",
    [
        "sac nothing",
        "sac review --nothing",
        "sac verify",
        "sac evaluate scores.csv more.csv",
        "sac enroll MODEL --images A --out case --alpha high",
        "dvc nothing",
        "dvc exp nothing",
        "dvc exp run --nothing",
        "dvc exp run -S fingerprint.methods=jpeg",
        "dvc exp run -S fingerprint.method=jpg",
        "dvc exp run --queue -S 'fingerprint.method=jpeg,wrng'",
        "make nothing",
        "git nothing",
        "pip install '.[nothing]'",
        "ray start --nothing",
        "python -m benchmarks.nothing",
        "sbatch cluster/nothing.sbatch",
        "sbatch cluster/slurm.sbatch dvc nothing",
        "nothing",
    ],
)
def test_a_command_that_its_program_does_not_take_is_found(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.md").write_text(f"```\n{line}   # says so\n```\n")
    ((_, words),) = commands(tmp_path / "page.md")
    with pytest.raises(REFUSED):
        parse(words, tmp_path)


def test_commands_are_found_behind_variables_and_one_another(tmp_path):
    (tmp_path / "page.md").write_text(
        "```\nA=1 B_C=2 x y  # c\n\nR=a/b\np 'q r' && s\n```\n```csv\nt\n```\n```python\nu\n```\n"
    )
    assert [words for _, words in commands(tmp_path / "page.md")] == [["x", "y"], ["p", "q r"], ["s"]]


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=page_of)
def test_blocks_of_commands_are_bash(page):
    for language, text in blocks(page):
        assert language in ("", "python", "csv")
        if not language:
            subprocess.run(["bash", "-n"], input=text, text=True, check=True)


@pytest.mark.parametrize(
    ("page", "code"),
    [(page, text) for page in PAGES for language, text in blocks(page) if language == "python"],
    ids=lambda value: page_of(value) if not isinstance(value, str) else "",
)
def test_the_python_of_a_page_runs(page, code, monkeypatch, capsys):
    """Where another test brings what it needs, its imports alone."""
    compiled = compile(code, page_of(page), "exec")
    if page_of(page) in ELSEWHERE:
        assert page.name in (ROOT / ELSEWHERE[page_of(page)]).read_text(encoding="utf-8")
        for module, names in re.findall(r"^from (\S+) import (.*)$", code, flags=re.MULTILINE):
            assert all(hasattr(importlib.import_module(module), name.strip()) for name in names.split(","))
        return
    monkeypatch.chdir(ROOT)
    exec(compiled, {})
    assert capsys.readouterr().out


@pytest.fixture
def folder(tmp_path):
    """What the page about submitting needs of a clone: parameters and reports."""
    shutil.copyfile(ROOT / "params.yaml", tmp_path / "params.yaml")
    shutil.copytree(ROOT / "reports", tmp_path / "reports", ignore=shutil.ignore_patterns("figures", "all_aucs.csv"))
    return tmp_path


def test_the_page_about_submitting_runs_as_it_stands(folder):
    """With a score for every suspect, as it asks, in place of the one that it shows."""
    page = ROOT / "docs/submit.md"
    (shown,) = [text for language, text in blocks(page) if language == "csv"]
    head, row = shown.splitlines()
    task, name, suspect, score = row.split(",")
    scores = pd.read_csv(folder / f"reports/{task}/tables/scores.csv")
    assert suspect in set(scores["suspect"]) and float(score)
    rows = [f"{task},{name},{one},{value}" for one, value in zip(scores["suspect"], scores["SAC-w"], strict=True)]
    (folder / "scores.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    (block,) = [text for language, text in blocks(page) if "sac evaluate" in text]
    done = subprocess.run(["bash", "-ec", block], cwd=folder, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "reports/submitted/scores.csv").is_file() and f"{name} (submitted) on {task}" in done.stdout
    board = pd.read_parquet(folder / "reports/leaderboard.parquet")
    assert set(board.loc[board["submitted"], "fingerprint"]) == {f"{name} (submitted)"}


def test_the_remotes_of_the_page_can_be_set(tmp_path):
    scratch.git(tmp_path, "init", "-q")
    shutil.copytree(ROOT / ".dvc", tmp_path / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp", "config.local"))
    said = [words[1:] for _, words in commands(ROOT / "docs/remotes.md") if words[:3] == ["dvc", "remote", "modify"]]
    assert len(said) == 4
    for words in said:
        dvc(tmp_path, *words)
        assert words[-1].replace("/", "") in dvc(tmp_path, "config", "--local", "--list").replace("/", "")
