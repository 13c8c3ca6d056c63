"""The child process that opens a suspect's file: limited in memory and time, in a folder of its own.

`ask_in_child` starts it, hands the pictures over as a file and takes the answers back as one; nothing is pickled. What the
child raises arrives as one line.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import pipeline
from pipeline.cases.case import Limits, Model
from pipeline.cases.saying import brief
from pipeline.cases.suspects import file_of, format_module, format_of
from pipeline.core.errors import BadInput
from pipeline.core.files import write_json
from pipeline.core.orphans import die_with_parent

ROOT = Path(pipeline.__file__).parent.parent
WRITES = 1 << 30
"""Bytes that a child may write into any file."""


def ask_in_child(model: Model, images: np.ndarray, limits: Limits) -> tuple[np.ndarray, tuple[str, ...] | None]:
    """What a model answers to images (N, C, H, W) uint8, and its class names if it tells them.

    Raises BadInput, in one line, for whatever goes wrong in the child, its death included.
    """
    format_of(model.text)
    with tempfile.TemporaryDirectory(prefix="sac-child-") as place:
        folder = Path(place)
        np.save(folder / "images.npy", images)
        request = {
            "model": _absolute(model).model_dump(mode="json"),
            "limits": limits.model_dump(),
            "caller": os.getcwd(),
            "parent": os.getpid(),
        }
        (folder / "request.json").write_text(json.dumps(request))
        code = _run(folder, limits.seconds)
        if (folder / "result.json").exists():
            result = json.loads((folder / "result.json").read_text())
            if "error" in result:
                raise BadInput(str(result["error"]).replace(str(_absolute(model).text), model.text))
            classes = result["classes"]
            return np.load(folder / "answers.npy", allow_pickle=False), None if classes is None else tuple(map(str, classes))
        raise BadInput(f"{model.text}: its loader {_death(code, limits)}; nothing of it was kept")


def _absolute(model: Model) -> Model:
    file = file_of(model.text)
    return model if file is None else model.model_copy(update={"text": model.text.replace(str(file), str(file.absolute()))})


def _run(folder: Path, seconds: float) -> int | None:
    """The exit code of the child; None if it ran out of time."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)}
    nothing = subprocess.DEVNULL
    child = subprocess.Popen(
        [sys.executable, "-m", "pipeline.cases.suspects.child", str(folder)],
        cwd=folder,
        env=environment,
        stdin=nothing,
        stdout=nothing,
        stderr=nothing,
        start_new_session=True,
    )
    try:
        return child.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _death(code: int | None, limits: Limits) -> str:
    if code is None or code == -signal.SIGXCPU:
        return f"took longer than {limits.seconds:g} seconds (--seconds)"
    if code < 0:
        return f"died of {signal.Signals(-code).name} (it may use {limits.gigabytes:g} GB: --gigabytes)"
    return f"ended with code {code} (it may use {limits.gigabytes:g} GB: --gigabytes)"


def _limit(limits: Limits, parent: int) -> None:
    die_with_parent(parent)
    memory, seconds = int(limits.gigabytes * 1e9), int(limits.seconds) + 1
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, WRITES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def main(folder: Path) -> None:
    """Answer the request in `folder`."""
    request = json.loads((folder / "request.json").read_text())
    model, limits = Model.model_validate(request["model"]), Limits.model_validate(request["limits"])
    _limit(limits, request["parent"])
    sys.path.insert(0, request["caller"])
    try:
        images = np.load(folder / "images.npy", allow_pickle=False)
        answers, classes = format_module(format_of(model.text)).answer(model, images)
        np.save(folder / "answers.npy", answers)
        result: dict[str, object] = {"classes": classes}
    except BadInput as error:
        result = {"error": str(error)}
    except MemoryError:
        result = {"error": f"{model.text}: needs more than {limits.gigabytes:g} GB (--gigabytes)"}
    except Exception as error:  # the child's last word, whatever a loader raises
        result = {"error": f"{model.text}: {type(error).__name__}: {brief(error, 160)}"}
    write_json(folder / "result.json", result)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main(Path(sys.argv[1]))
