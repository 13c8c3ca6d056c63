"""Suspects by format, one file each. A format says which models it is for, and how one is asked.

is_for(text) -> bool                                 whether a model, as its owner names it, is of this format
answer(model, images) -> (answers, classes)          files and callables: asked all at once, in a child process
class Endpoint(model, limits, shape, classes)        servers: asked a probe at a time
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType

from pipeline.core.errors import BadInput

FORMATS = ("onnx_file", "zoo_model", "safetensors_file", "python_callable", "torchscript_file", "open_inference", "rest")
SERVERS = ("open_inference", "rest")
PICKLES = (".pth", ".pt2", ".pkl", ".pickle", ".bin", ".ckpt", ".h5", ".keras", ".joblib", ".npy", ".pb")
KNOWN = (
    "FILE.onnx",
    "FILE.safetensors",
    "timm:NAME:FILE.safetensors",
    "torchvision:NAME:FILE.safetensors",
    "python:package.module:function",
    "http://host/v2/models/NAME",
    "FILE.yaml",
)


def format_of(text: str) -> str:
    """The format of a model as its owner names it. Raises BadInput, saying what to do, for what can run code or is unknown."""
    for name in FORMATS:
        if format_module(name).is_for(text):
            return name
    if Path(text).suffix.lower() in PICKLES:
        raise BadInput(
            f"{text}: such a file can run code when it is opened, so it is not opened; export ONNX where you trust "
            "it: torch.onnx.export(model, example, 'model.onnx', dynamo=True)"
        )
    if text.startswith(("http://", "https://")):
        raise BadInput(
            f"{text}: not an Open Inference address (http://host/v2/models/NAME); describe another interface in a "
            "YAML file: url, send, field, answer"
        )
    raise BadInput(f"{text}: no such kind of model; expected one of {', '.join(KNOWN)}")


def format_module(name: str) -> ModuleType:
    """The module of a format."""
    return import_module(f"pipeline.cases.suspects.{name}")


def file_of(text: str) -> Path | None:
    """The file that a model is read from, if it is one."""
    if text.startswith(("http://", "https://", "python:")):
        return None
    return Path(text.split(":", 2)[2] if text.startswith(("timm:", "torchvision:")) and text.count(":") >= 2 else text)
