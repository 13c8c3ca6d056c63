"""How well a network fits what it is trained on in the papers' regime: augmented views of its images."""

from dataclasses import replace

import numpy as np
import torch

from pipeline.data.images import Images
from pipeline.models.network import Network, accuracy, predict
from pipeline.training.augment import augment

MOST = 4000


def view_accuracy(network: Network, data: Images, augmentation: str, seed: int, teacher: Network | None = None) -> float:
    """The share of views of the first images of `data`, one of each and at most MOST, that `network` answers with the
    image's label or, with a teacher, as he answers the view."""
    some = data.take(np.arange(min(MOST, len(data))))
    views = augment(torch.from_numpy(some.images), augmentation, torch.Generator().manual_seed(seed)).numpy()
    labels = some.labels if teacher is None else predict(teacher, views).argmax(axis=1)
    return accuracy(network, replace(some, images=views, labels=labels))
