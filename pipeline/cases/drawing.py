"""Probes of a case: natural pictures drawn from the owner's pool by a seed that nobody chooses, and never optimised.

A malicious accuser can craft inputs on which innocent models look like copies (Liu et al., "False Claims against Model
Ownership Resolution", USENIX Security 2024). So the seed is a hash of the pool and of the source, and anybody with the pool
can draw again.
"""

import hashlib
from collections.abc import Callable

import numpy as np

from pipeline.cases.case import Method
from pipeline.core.errors import BadInput
from pipeline.data.corrupt import jpeg
from pipeline.data.images import Images
from pipeline.probes.augmented import CutMix, cutmix

JPEG_QUALITY = 25


def seed_of(pool_sha256: str, source: str) -> str:
    """The draw's seed as hex: SHA-256 of the pool's list and of the source's file (of what it is called, if it is no file)."""
    return hashlib.sha256(f"{pool_sha256} {source}".encode()).hexdigest()


def draw_probes(pool: Images, method: Method, count: int, seed: str, source: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Probes (count, C, H, W) uint8 by `method`. source: answers (N, K) to images, asked only by `source_wrong`.

    Raises BadInput if the pool has too few pictures.
    """
    draw = np.random.default_rng(int(seed[:16], 16))
    order = draw.permutation(len(pool))
    if method == "source_wrong":
        order = order[source(pool.images[order]).argmax(axis=1) != pool.labels[order]]
    if len(order) < count:
        what = "pictures that the source labels wrong" if method == "source_wrong" else "usable pictures"
        raise BadInput(f"{len(order)} {what}, expected at least {count}: give more pictures, or a smaller --count")
    chosen = pool.images[np.sort(order[:count])]
    if method == "jpeg":
        return jpeg(chosen, JPEG_QUALITY)
    return cutmix(chosen, CutMix(), draw) if method == "cutmix" else chosen
