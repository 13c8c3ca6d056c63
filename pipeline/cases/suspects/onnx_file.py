"""An ONNX file, by onnxruntime. External data is read from the model's own folder alone."""

from pathlib import Path
from typing import Any

import numpy as np

from pipeline.cases.case import Model
from pipeline.cases.saying import brief
from pipeline.cases.suspects.input import as_input, checked, takes_pictures
from pipeline.core.errors import BadInput

BATCH = 32
TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64, "tensor(uint8)": np.uint8}


def is_for(text: str) -> bool:
    """FILE.onnx."""
    return text.lower().endswith(".onnx") and "://" not in text


def answer(model: Model, images: np.ndarray) -> tuple[np.ndarray, tuple[str, ...] | None]:
    """What the network answers to images (N, C, H, W) uint8; it tells no class names."""
    path = Path(model.text)
    check_file(path)
    session = _session(path)
    entry = session.get_inputs()[0]
    values = _values(path, entry, images, model)
    fixed = entry.shape[0] if isinstance(entry.shape[0], int) else None
    if fixed and len(values) % fixed:
        values = np.concatenate([values, np.repeat(values[-1:], fixed - len(values) % fixed, axis=0)])
    step = fixed or BATCH
    name = _output(path, session)
    found = [_run(path, session, name, {entry.name: values[start : start + step]}) for start in range(0, len(values), step)]
    return checked(np.concatenate(found)[: len(images)], len(images), str(path)), None


def check_file(path: Path) -> None:
    """BadInput unless it is an ONNX file whose external data, if any, lies in its own folder."""
    import onnx

    try:
        graph = onnx.load(path, load_external_data=False).graph
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file") from None
    except Exception as error:  # protobuf raises errors of its own
        raise BadInput(f"{path}: not an ONNX file ({brief(error)})") from None
    folder = path.resolve().parent
    for tensor in _tensors(graph):
        location = next((entry.value for entry in tensor.external_data if entry.key == "location"), None)
        if location is not None and not _inside(folder, location):
            raise BadInput(f"{path}: its weights are said to lie in {location!r}, outside of its folder; not read")


def _inside(folder: Path, location: str) -> bool:
    place = folder / location
    if Path(location).is_absolute() or place.is_symlink():
        return False
    return place.resolve().is_relative_to(folder) and place.is_file()


def _tensors(graph: Any) -> list[Any]:
    """Every tensor of a graph and of the graphs in its nodes."""
    found = [*graph.initializer, *(part for sparse in graph.sparse_initializer for part in (sparse.values, sparse.indices))]
    for node in graph.node:
        for attribute in node.attribute:
            found += [attribute.t, *attribute.tensors]
            for inner in (attribute.g, *attribute.graphs):
                found += _tensors(inner)
    return found


def _session(path: Path) -> Any:
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no class but this
        raise BadInput(f"{path}: onnxruntime cannot open it ({brief(error, 160)})") from None
    if len(session.get_inputs()) != 1:
        raise BadInput(f"{path}: it has {len(session.get_inputs())} inputs, expected one, a picture")
    return session


def _values(path: Path, entry: Any, images: np.ndarray, model: Model) -> np.ndarray:
    shape = [side if isinstance(side, int) else None for side in entry.shape]
    if len(shape) != 4 or any(side is not None and side < 1 for side in shape):
        raise BadInput(f"{path}: its input has the shape {entry.shape}, expected pictures (N, C, H, W) or (N, H, W, C)")
    pixels = model.pixels
    if shape[1] not in (1, 3, None) and shape[3] in (1, 3):
        pixels = pixels.model_copy(update={"layout": "nhwc"})
    channels, height, width = shape[1:] if pixels.layout == "nchw" else (shape[3], *shape[1:3])
    if not takes_pictures(channels, height, width, shape[0]):
        raise BadInput(f"{path}: its input has the shape {entry.shape}, expected square pictures of 1 or 3 channels")
    if entry.type not in TYPES:
        raise BadInput(f"{path}: its input is of {entry.type}, expected one of {', '.join(TYPES)}")
    if entry.type == "tensor(uint8)":
        pixels = pixels.model_copy(update={"scale": "byte"})
    return as_input(images, pixels, height, channels).astype(TYPES[entry.type])


def _output(path: Path, session: Any) -> str:
    """The name of the output that holds a number for each class: the last of floats with two axes or more."""
    fit = [out.name for out in session.get_outputs() if out.type in ("tensor(float)", "tensor(float16)", "tensor(double)")]
    if not fit:
        raise BadInput(f"{path}: no output of numbers; it has {', '.join(out.type for out in session.get_outputs())}")
    return str(fit[0])


def _run(path: Path, session: Any, name: str, feed: dict[str, np.ndarray]) -> np.ndarray:
    try:
        return np.asarray(session.run([name], feed)[0])
    except Exception as error:  # onnxruntime's errors share no class but this
        raise BadInput(f"{path}: onnxruntime cannot run it ({brief(error, 160)})") from None
