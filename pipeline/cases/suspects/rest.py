"""Any other REST interface, described in a small YAML file.

url: http://127.0.0.1:8000/classify
send: json                 # json: base64 at `field`; pixels: numbers there; multipart: a file; body: the bytes alone
field: image               # where the picture stands
encoding: png              # or jpeg
extra: {top: 3}            # what else is sent
headers: {Authorization: env:MY_TOKEN}    # values from environment variables; they are never written anywhere
answer: predictions.0.scores              # where the answer stands in the JSON reply
refusals: [403, 422]       # statuses that refuse a probe
"""

import base64
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from pipeline.cases.case import Model, parsed
from pipeline.cases.suspects.input import as_input
from pipeline.cases.suspects.replies import at_path, read_json_reply, row_of
from pipeline.cases.suspects.sending import REFUSALS, Sender
from pipeline.core.errors import BadInput
from pipeline.core.params import Parameters
from pipeline.core.yaml_text import load_yaml

MOST_BYTES = 100_000


def is_for(text: str) -> bool:
    """FILE.yaml."""
    return text.lower().endswith((".yaml", ".yml")) and "://" not in text


class Description(Parameters):
    """What such a file says; the module's text shows one."""

    url: str
    method: Literal["POST", "PUT"] = "POST"
    send: Literal["json", "pixels", "multipart", "body"] = "json"
    field: str = "image"
    encoding: Literal["png", "jpeg"] = "png"
    extra: dict[str, Any] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    answer: str = ""
    refusals: tuple[int, ...] = REFUSALS


def read_description(path: Path) -> Description:
    """The description in a file. Raises BadInput that names the key."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadInput(f"{path}: {path.stat().st_size} bytes, expected a short description of an interface")
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file") from None
    return parsed(str(path), load_yaml(path), Description)


@dataclass
class Endpoint:
    """Asks one probe at a time."""

    model: Model
    sender: Sender
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        self.about = read_description(Path(self.model.text))
        self.sender.refusals = self.about.refusals
        self.headers = {name: _from_environment(self.model.text, name, value) for name, value in self.about.headers.items()}

    def ask(self, image: np.ndarray) -> tuple[np.ndarray, bytes, bytes]:
        """(row of answers (K,), the picture as it was sent, what came back) for one image (C, H, W) uint8."""
        about, pixels = self.about, self.model.pixels
        plain = pixels.model_copy(update={"scale": "byte", "mean": None, "std": None, "layout": "nchw"})
        picture = encoded(as_input(image[None], plain)[0].astype(np.uint8), about.encoding)
        if about.send == "body":
            kind = {"Content-Type": f"image/{about.encoding}"}
            content: dict[str, Any] = {"content": picture, "headers": kind | self.headers}
        elif about.send == "multipart":
            content = {
                "files": {about.field: (f"probe.{about.encoding}", picture, f"image/{about.encoding}")},
                "data": {name: str(value) for name, value in about.extra.items()},
                "headers": self.headers,
            }
        else:
            numbers = as_input(image[None], pixels)[0].tolist() if about.send == "pixels" else None
            value = base64.b64encode(picture).decode() if numbers is None else numbers
            content = {"json": _placed(dict(about.extra), about.field, value), "headers": self.headers}
        reply = self.sender.send(about.method, about.url, **content)
        found = at_path(about.url, read_json_reply(about.url, reply), about.answer)
        return row_of(about.url, found, self.classes), picture, reply


def encoded(image: np.ndarray, encoding: str) -> bytes:
    """An image (C, H, W) uint8 as the bytes of a PNG or JPEG file."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image[0] if len(image) == 1 else np.ascontiguousarray(image.transpose(1, 2, 0))).save(
        file, encoding.upper(), **({"quality": 95} if encoding == "jpeg" else {})
    )
    return file.getvalue()


def _placed(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    *parents, last = path.split(".")
    place = body
    for key in parents:
        place = place.setdefault(key, {})
    place[last] = value
    return body


def _from_environment(where: str, name: str, value: str) -> str:
    if not value.startswith("env:"):
        return value
    found = os.environ.get(value[4:])
    if found is None:
        raise BadInput(f"{where}: headers.{name}: the environment variable {value[4:]} is not set")
    return found
