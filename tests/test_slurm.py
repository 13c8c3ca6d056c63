"""The recipe for Slurm, run with programs in place of Slurm's and Ray's that write down how they were called."""

import os
import subprocess

import pytest

from tests.imports import ROOT

SCRIPT = ROOT / "cluster/slurm.sbatch"
PROGRAMS = {
    "scontrol": 'printf "one\\ntwo\\nthree\\n"',
    "srun": 'echo "srun $*" >> "$CALLS"; exec sleep 30',
    "ray": 'echo "ray $*" >> "$CALLS"',
    "dvc": 'sleep 0.5; echo "dvc $* engine=$SAC_ENGINE address=$RAY_ADDRESS" >> "$CALLS"; exit "${FAILS:-0}"',
}


def run(folder, *words, nodes=3, venv=".venv", programs=PROGRAMS, **settings):
    """The script's exit status, and the calls that it made."""
    place = folder / venv / "bin"
    place.mkdir(parents=True)
    for name, text in programs.items():
        (place / name).write_text(f"#!/bin/sh\n{text}\n")
        (place / name).chmod(0o755)
    given = {
        "SLURM_SUBMIT_DIR": str(folder),
        "SLURM_JOB_NODELIST": "[one-three]",
        "SLURM_JOB_ID": "40007",
        "SAC_PAUSE": "0",
        "SLURM_JOB_NUM_NODES": str(nodes),
        "SLURM_CPUS_PER_TASK": "8",
        "CALLS": str(folder / "calls"),
    }
    done = subprocess.run(
        ["bash", SCRIPT, *words], env=os.environ | given | settings, capture_output=True, text=True, timeout=60
    )
    return done, (folder / "calls").read_text().splitlines() if (folder / "calls").exists() else []


def test_the_script_is_bash():
    subprocess.run(["bash", "-n", SCRIPT], check=True)


def test_ray_starts_on_every_node_and_the_pipeline_on_the_first(tmp_path):
    done, calls = run(tmp_path, SLURM_GPUS_ON_NODE="2")
    assert done.returncode == 0, done.stderr
    head, others = sorted((call for call in calls if call.startswith("srun")), key=lambda call: "--head" not in call)
    assert "-w one" in head and "--port=20007" in head and "--num-cpus=8 --num-gpus=2" in head
    assert "--nodes=2 --ntasks=2" in others and "--exclude=one" in others and "--address=one:20007" in others
    assert "dvc repro engine=ray address=one:20007" in calls


def test_one_node_is_a_cluster_too_and_another_command_may_be_given(tmp_path):
    done, calls = run(tmp_path, "dvc", "exp", "run", nodes=1)
    assert done.returncode == 0 and sum(call.startswith("srun") for call in calls) == 1
    assert any(call.startswith("dvc exp run engine=ray") for call in calls)


def test_the_commands_failure_is_the_jobs_and_the_nodes_are_given_back(tmp_path):
    done, _ = run(tmp_path, FAILS="3")
    assert done.returncode == 3


def test_another_virtual_environment_may_be_named(tmp_path):
    done, calls = run(tmp_path, venv="other", SAC_VENV="other")
    assert done.returncode == 0 and any(call.startswith("dvc repro") for call in calls)


def test_an_environment_without_ray_is_named(tmp_path):
    done, calls = run(tmp_path, SAC_VENV="empty", PATH="/usr/bin:/bin")
    assert done.returncode == 1 and not calls
    assert done.stderr == "no ray in empty: pip install '.[ray]' in a clone of sac-bench\n"


def test_the_pause_between_questions_whether_ray_answers_is_a_setting(tmp_path):
    """Ray answers the third question; between them the script sleeps."""
    ray = 'echo "ray $*" >> "$CALLS"; [ "$1" != status ] || [ "$(grep -c "ray status" "$CALLS")" -ge 3 ]'
    asleep = {"sleep": 'echo "sleep $1" >> "$CALLS"; exec /bin/sleep "$1"', "ray": ray}
    done, calls = run(tmp_path, programs=PROGRAMS | asleep, SAC_PAUSE="0.01")
    assert done.returncode == 0 and calls.count("sleep 0.01") == 2
    assert sum(call.startswith("ray status") for call in calls) == 3


SETTINGS = ("SAC_GPU_SHARE", "SAC_WAIT", "RAY_ADDRESS", "SAC_KIND", "SAC_VENV", "SAC_PAUSE")


@pytest.mark.parametrize("line", ["cluster/slurm.sbatch", *SETTINGS])
def test_the_page_says_so(line):
    assert line in (ROOT / "docs/cluster.md").read_text()
