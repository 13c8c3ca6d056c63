"""Weights in safetensors with an architecture of timm's or torchvision's: timm:NAME:FILE, torchvision:NAME:FILE.

The number of classes and of channels is read from the weights; the normalisation is timm's own for the network, or ImageNet's,
unless it is given.
"""

from pathlib import Path
from typing import Any

import numpy as np

from pipeline.cases.case import Model
from pipeline.cases.saying import brief
from pipeline.cases.suspects.input import as_input, checked
from pipeline.core.errors import BadInput, unknown

BATCH = 32
IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}


def is_for(text: str) -> bool:
    """timm:NAME:FILE.safetensors or torchvision:NAME:FILE.safetensors."""
    return text.startswith(("timm:", "torchvision:")) and text.count(":") >= 2


def answer(model: Model, images: np.ndarray) -> tuple[np.ndarray, tuple[str, ...] | None]:
    """Logits of images (N, C, H, W) uint8; weights tell no class names."""
    import torch

    library, name, file = model.text.split(":", 2)
    weights = read_weights(Path(file))
    network, channels, usual = (_timm if library == "timm" else _torchvision)(name, weights)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise BadInput(f"{file}: its weights do not fit {library}'s {name}: {brief(error, 160)}") from None
    known = {} if model.pixels.mean else usual
    values = as_input(images, model.pixels.model_copy(update=known), channels=channels)
    network.eval()
    try:
        with torch.inference_mode():
            found = [network(batch).numpy() for batch in torch.split(torch.from_numpy(values), BATCH)]
    except RuntimeError as error:
        raise BadInput(
            f"{model.text}: cannot take pictures of {images.shape[2]} pixels ({brief(error)}); give --size N"
        ) from None
    return checked(np.concatenate(found), len(images), model.text), None


def read_weights(path: Path) -> dict[str, Any]:
    """The tensors of a safetensors file. Raises BadInput for anything else."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file") from None
    except (SafetensorError, OSError) as error:
        raise BadInput(f"{path}: not a safetensors file ({brief(error)})") from None


def _timm(name: str, weights: dict[str, Any]) -> tuple[Any, int, dict[str, Any]]:
    try:
        import timm
    except ImportError:
        raise BadInput("timm: networks need the package timm: pip install timm") from None
    if name not in timm.list_models():
        raise BadInput(f"timm: {unknown('architecture', name, timm.list_models(f'*{name[:4]}*')[:8])}")
    known: Any = timm.models.get_pretrained_cfg(name)
    about = known.to_dict() if known is not None else {"mean": IMAGENET["mean"], "std": IMAGENET["std"]}
    head, stem = (_first(about.get(key)) for key in ("classifier", "first_conv"))
    classes, channels = _side(weights, f"{head}.weight", 0, 1000), _side(weights, f"{stem}.weight", 1, 3)
    network = timm.create_model(name, pretrained=False, num_classes=classes, in_chans=channels)
    usual = {key: tuple(about[key])[:1] * channels if channels != 3 else tuple(about[key]) for key in ("mean", "std")}
    return network, channels, usual


def _torchvision(name: str, weights: dict[str, Any]) -> tuple[Any, int, dict[str, Any]]:
    import torch
    import torchvision.models

    known = torchvision.models.list_models(module=torchvision.models)
    if name not in known:
        raise BadInput(f"torchvision: {unknown('architecture', name, known)}")
    with torch.device("meta"):
        empty = torchvision.models.get_model(name, weights=None)
    head = [part for part, layer in empty.named_modules() if isinstance(layer, torch.nn.Linear)][-1:]
    classes = _side(weights, f"{head[0]}.weight" if head else "", 0, 1000)
    return torchvision.models.get_model(name, weights=None, num_classes=classes), 3, IMAGENET


def _first(names: Any) -> str:
    return str(names[0] if isinstance(names, (tuple, list)) else names)


def _side(weights: dict[str, Any], key: str, axis: int, otherwise: int) -> int:
    return int(weights[key].shape[axis]) if key in weights and weights[key].ndim > axis else otherwise
