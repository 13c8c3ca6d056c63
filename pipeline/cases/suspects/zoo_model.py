"""A model of this pipeline's zoo: safetensors that name their architecture."""

from pathlib import Path

import numpy as np

from pipeline.cases.case import Model
from pipeline.cases.images import resized
from pipeline.cases.suspects.input import checked


def is_for(text: str) -> bool:
    """FILE.safetensors."""
    return text.endswith(".safetensors") and not text.startswith(("timm:", "torchvision:")) and "://" not in text


def answer(model: Model, images: np.ndarray) -> tuple[np.ndarray, tuple[str, ...] | None]:
    """Logits of images (N, C, H, W) uint8, and the class names in the file."""
    from pipeline.models.network import load, predict

    network = load(Path(model.text))
    shown = resized(images, model.pixels.size, network.spec.channels)
    return checked(predict(network, shown), len(images), model.text), network.spec.classes
