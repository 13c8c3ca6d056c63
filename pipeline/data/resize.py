"""Images of another size or number of channels, so that a network can move from one data set to another."""

from dataclasses import replace

import numpy as np
from PIL import Image

from pipeline.data.images import Images


def resized(data: Images, channels: int, size: int) -> Images:
    """`data` as square images of `size` pixels (bilinear) with 1 or 3 channels: colour becomes grey by its luma."""
    mode = {1: "L", 3: "RGB"}[channels]
    pictures = []
    for pixels in data.images:
        picture = Image.fromarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0))
        square = np.asarray(picture.convert(mode).resize((size, size), Image.Resampling.BILINEAR))
        pictures.append(square[None] if channels == 1 else square.transpose(2, 0, 1))
    mean, std = (
        (float(np.mean(values)),) * channels if channels != len(values) else values for values in (data.mean, data.std)
    )
    return replace(data, images=np.stack(pictures), mean=mean, std=std)
