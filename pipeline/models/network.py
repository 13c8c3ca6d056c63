"""A network as every part of the pipeline sees it: images in, logits out, and a file that rebuilds itself.

A suspect's file is hostile. Only safetensors are read, never a pickle; the architecture is a name that must be known
here, and every tensor must fit the network of that name.
"""

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from pipeline.core.errors import BadInput
from pipeline.core.files import write_bytes
from pipeline.data.images import Images
from pipeline.models import constructor

LARGEST_BATCH = 512
MOST_CLASSES = 1_000_000
MOST_CHANNELS = 64


@dataclass(frozen=True)
class Spec:
    """What is needed to rebuild a network: its name, its input and its output.

    mean and std are per channel in [0, 1]; they are part of the model, as they would be behind a real API.
    """

    arch: str
    channels: int
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]


class Network(nn.Module):
    """Logits (N, classes) of images (N, C, H, W), given as uint8 or as float in [0, 1]; normalises by itself.

    `features` maps an image to a vector, `head` is what `finetune_last` and transfer call the last layer.
    """

    if TYPE_CHECKING:
        features: nn.Module
        head: Any
        mean: Tensor
        std: Tensor
        triggers: Any

    def __init__(self, spec: Spec):
        super().__init__()
        self.spec = spec
        self.features, self.head = constructor(spec.arch)(spec.channels, len(spec.classes))
        self.register_buffer("mean", torch.tensor(spec.mean, dtype=torch.float32).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(spec.std, dtype=torch.float32).view(1, -1, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.features(self._normalised(images)))  # type: ignore[no-any-return]

    def embed(self, images: Tensor) -> Tensor:
        """Unit embeddings (N, D) of images, which face verification compares; for networks whose head makes them."""
        return self.head.embed(self.features(self._normalised(images)))  # type: ignore[no-any-return]

    def _normalised(self, images: Tensor) -> Tensor:
        pixels = images / 255 if images.dtype == torch.uint8 else images
        return ((pixels - self.mean) / self.std).contiguous(memory_format=torch.channels_last)

    @property
    def device(self) -> torch.device:
        return self.mean.device


def build(arch: str, like: Images | Spec, seed: int) -> Network:
    """A fresh network in eval mode for images like `like`, with weights drawn from `seed`."""
    spec = Spec(arch, len(like.mean), like.classes, like.mean, like.std)
    return _construct(spec, seed).eval()


def replace_head(network: Network, data: Images, seed: int) -> Network:
    """A copy of `network` for the classes of `data`: the features are kept, the head is drawn anew from `seed`.

    Of a head that embeds, the embedding is kept: only the classes' centres are new.
    """
    moved = build(network.spec.arch, replace(network.spec, classes=data.classes), seed)
    moved.features.load_state_dict(network.features.state_dict())
    if embedding := getattr(network.head, "embedding", None):
        moved.head.embedding.load_state_dict(embedding.state_dict())
    return moved


def clone(network: Network) -> Network:
    """An independent copy in eval mode: whatever is done to it leaves `network` as it is."""
    copy = _construct(network.spec, seed=0)
    copy.load_state_dict(network.state_dict())
    return copy.to(network.device).eval()


def predict(network: Network, images: np.ndarray) -> np.ndarray:
    """Raw logits (N, classes) float32 of uint8 images (N, C, H, W), in eval mode."""
    return _ask(network, network, images)


def embeddings(network: Network, images: np.ndarray) -> np.ndarray:
    """Unit embeddings (N, D) float32 of uint8 images (N, C, H, W), in eval mode."""
    return _ask(network, network.embed, images)


@torch.inference_mode()
def _ask(network: Network, function: Callable[[Tensor], Tensor], images: np.ndarray) -> np.ndarray:
    network.eval()
    batches = torch.from_numpy(np.ascontiguousarray(images)).split(LARGEST_BATCH)
    return torch.cat([function(batch.to(network.device)).float().cpu() for batch in batches]).numpy()


def accuracy(network: Network, data: Images) -> float:
    """Share of `data` that the network labels right."""
    return float((predict(network, data.images).argmax(axis=1) == data.labels).mean())


def save(network: Network, path: Path) -> None:
    """Write weights and spec as safetensors. The same network gives the same bytes."""
    tensors = {name: value.cpu().contiguous() for name, value in network.state_dict().items()}
    write_bytes(path, to_bytes(tensors, metadata={"sac": json.dumps(asdict(network.spec))}))


def load(path: Path) -> Network:
    """Rebuild a network from its file, in eval mode. Raises BadInput for anything that is not such a file."""
    try:
        with safe_open(path, framework="pt") as file:
            spec = _read_spec(path, (file.metadata() or {}).get("sac"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except FileNotFoundError:
        raise BadInput(f"{path}: no such model file") from None
    except (SafetensorError, OSError) as error:
        raise BadInput(f"{path}: not a safetensors file ({error}); pickled models are never read") from None
    network = _construct(spec, seed=0)
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise BadInput(f"{path}: weights do not fit {spec.arch}: {' '.join(str(error).split())[:200]}") from None
    broken = [name for name, value in tensors.items() if value.is_floating_point() and not value.isfinite().all()]
    if broken:
        raise BadInput(f"{path}: tensor {broken[0]} holds NaN or infinite values")
    return network.eval()


def unpack(data: bytes, name: str | Path) -> Network:
    """What `load` gives for a file of these bytes. `name` stands for the file in errors."""
    with tempfile.NamedTemporaryFile(suffix=".safetensors") as file:
        file.write(data)
        file.flush()
        try:
            return load(Path(file.name))
        except BadInput as error:
            raise BadInput(str(error).replace(file.name, str(name))) from None


def _read_spec(path: Path, text: str | None) -> Spec:
    try:
        raw = json.loads(text)  # type: ignore[arg-type] # None is a TypeError
        spec = Spec(
            str(raw["arch"]),
            int(raw["channels"]),
            tuple(map(str, raw["classes"])),
            tuple(map(float, raw["mean"])),
            tuple(map(float, raw["std"])),
        )
    except (TypeError, ValueError, KeyError, OverflowError, RecursionError):
        raise BadInput(f"{path}: no architecture named in the file; expected one written by `sac`") from None
    sizes = 0 < spec.channels <= MOST_CHANNELS and 0 < len(spec.classes) <= MOST_CLASSES
    if not sizes or len(spec.mean) != spec.channels or len(spec.std) != spec.channels or 0.0 in spec.std:
        raise BadInput(
            f"{path}: the network it describes cannot be: {spec.channels} channels, "
            f"{len(spec.classes)} classes, {len(spec.mean)} means, {len(spec.std)} deviations"
        )
    return spec


def _construct(spec: Spec, seed: int) -> Network:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Network(spec).to(memory_format=torch.channels_last)
