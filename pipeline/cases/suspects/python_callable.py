"""A callable of the owner's own: python:package.module:function, called with images (N, C, H, W) uint8.

It answers an array (N, K), or the list of N labels as class numbers.
"""

import sys
from importlib import import_module

import numpy as np

from pipeline.cases.case import Model
from pipeline.cases.saying import brief
from pipeline.cases.suspects.input import MOST_CLASSES, checked
from pipeline.core.errors import BadInput


def is_for(text: str) -> bool:
    """python:package.module:function."""
    return text.startswith("python:")


def answer(model: Model, images: np.ndarray) -> tuple[np.ndarray, tuple[str, ...] | None]:
    """What the callable answers. It is looked for in the folder of the caller, too."""
    _, _, place = model.text.partition(":")
    module, _, name = place.partition(":")
    if not module or not name:
        raise BadInput(f"{model.text}: expected python:package.module:function")
    try:
        function = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise BadInput(f"{model.text}: {brief(error)}; looked in {sys.path[0]}") from None
    return answers_of(function, images, model.text), None


def answers_of(function: object, images: np.ndarray, what: str) -> np.ndarray:
    """What a callable answers to images, as (N, K) float32. Raises BadInput if it fails."""
    if not callable(function):
        raise BadInput(f"{what}: not a function, found {type(function).__name__}")
    try:
        found = np.asarray(function(images))
    except Exception as error:  # whatever the owner's function raises
        raise BadInput(f"{what}: raised {type(error).__name__}: {brief(error)}") from None
    if found.ndim == 1 and found.dtype.kind in "iu" and len(found) == len(images) and len(found):
        if found.min() < 0 or found.max() >= MOST_CLASSES:
            raise BadInput(f"{what}: labels from {found.min()} to {found.max()}, expected class numbers from 0")
        found = np.eye(max(2, int(found.max()) + 1), dtype=np.float32)[found]
    return checked(found, len(images), what)
