"""A TorchScript file (.pt), which holds a program: opened only where the owner allows it, in a child process."""

from pathlib import Path
from typing import Any

import numpy as np

from pipeline.cases.case import Model
from pipeline.cases.saying import brief
from pipeline.cases.suspects.input import as_input, checked
from pipeline.core.errors import BadInput

BATCH = 32


def is_for(text: str) -> bool:
    """FILE.pt or FILE.torchscript."""
    return text.endswith((".pt", ".torchscript")) and "://" not in text


def answer(model: Model, images: np.ndarray) -> tuple[np.ndarray, tuple[str, ...] | None]:
    """What the program answers. Raises BadInput unless `allow_torchscript`."""
    if not model.allow_torchscript:
        raise BadInput(
            f"{model.text}: may hold a pickle or a TorchScript program, which runs code: export ONNX instead "
            "(torch.onnx.export), or give --allow-torchscript if you trust a TorchScript file"
        )
    import torch

    if not Path(model.text).exists():
        raise BadInput(f"{model.text}: no such file")
    try:
        network: Any = torch.jit.load(model.text, map_location="cpu")
        batches = torch.split(torch.from_numpy(as_input(images, model.pixels)), BATCH)
        with torch.inference_mode():
            found = [network.eval()(batch).numpy() for batch in batches]
    except (RuntimeError, ValueError, AttributeError) as error:
        raise BadInput(f"{model.text}: not a TorchScript program for such pictures ({brief(error)})") from None
    return checked(np.concatenate(found), len(images), model.text), None
