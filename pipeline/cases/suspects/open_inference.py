"""A server of the Open Inference Protocol v2 (KServe, Triton, MLServer): http://host/v2/models/NAME."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.cases.case import Model
from pipeline.cases.saying import brief
from pipeline.cases.suspects.input import as_input, takes_pictures
from pipeline.cases.suspects.replies import read_json_reply, row_of
from pipeline.cases.suspects.sending import Sender
from pipeline.core.errors import BadInput

NUMBERS = ("FP16", "FP32", "FP64", "UINT8")


def is_for(text: str) -> bool:
    """http://host/v2/models/NAME."""
    return text.startswith(("http://", "https://")) and "/v2/models/" in text


@dataclass
class Endpoint:
    """Asks one probe at a time. What input the model takes is read from its metadata at the first query."""

    model: Model
    sender: Sender
    classes: tuple[str, ...]
    entry: dict[str, Any] | None = None

    def ask(self, image: np.ndarray) -> tuple[np.ndarray, bytes, bytes]:
        """(row of answers (K,), what was sent, what came back) for one image (C, H, W) uint8."""
        import json

        address = self.model.text.rstrip("/")
        entry = self.entry = self.entry or self._metadata(address)
        tensor = as_input(image[None], *self._shape(address, entry))
        if entry["datatype"] == "UINT8":
            tensor = tensor.astype(np.uint8)
        shape = tensor.shape if len(entry["shape"]) != 3 else tensor.shape[1:]
        body = json.dumps(
            {
                "inputs": [
                    {
                        "name": entry["name"],
                        "shape": list(shape),
                        "datatype": entry["datatype"],
                        "data": tensor.ravel().tolist(),
                    }
                ]
            }
        ).encode()
        reply = self.sender.send("POST", f"{address}/infer", content=body, headers={"Content-Type": "application/json"})
        return self._row(address, read_json_reply(address, reply)), body, reply

    def _metadata(self, address: str) -> dict[str, Any]:
        about = read_json_reply(address, self.sender.send("GET", address))
        inputs = about.get("inputs") if isinstance(about, dict) else None
        entry = inputs[0] if isinstance(inputs, list) and inputs and isinstance(inputs[0], dict) else {}
        named = {"name", "datatype", "shape"} <= set(entry)
        if not named or entry["datatype"] not in NUMBERS or not isinstance(entry["shape"], list):
            raise BadInput(f"{address}: its metadata names no input of {', '.join(NUMBERS)}; found {brief(inputs, 100)!r}")
        return entry

    def _shape(self, address: str, entry: dict[str, Any]) -> tuple[Any, int | None, int | None]:
        """(pixels, size, channels) that the metadata ask for."""
        pixels = self.model.pixels
        shape = [side if isinstance(side, int) and side > 0 else None for side in entry["shape"]][-3:]
        if len(shape) == 3 and shape[0] not in (1, 3, None) and shape[2] in (1, 3):
            pixels, shape = pixels.model_copy(update={"layout": "nhwc"}), [shape[2], *shape[:2]]
        if len(shape) != 3 or not takes_pictures(*shape):
            raise BadInput(
                f"{address}: its input has the shape {str(entry['shape'])[:60]}, expected square pictures (N, C, H, W)"
            )
        if entry["datatype"] == "UINT8":
            pixels = pixels.model_copy(update={"scale": "byte"})
        return pixels, shape[1], shape[0]

    def _row(self, address: str, reply: Any) -> np.ndarray:
        outputs = reply.get("outputs") if isinstance(reply, dict) else None
        if not isinstance(outputs, list) or not outputs or not isinstance(outputs[0], dict):
            raise BadInput(f"{address}: answers {brief(reply, 80)!r}, expected outputs")
        output = outputs[0]
        data = output.get("data")
        if isinstance(data, list) and len(data) == 1 and isinstance(data[0], (str, int)):
            data = data[0]
        return row_of(address, data, self.classes)
