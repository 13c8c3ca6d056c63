"""Makes the embedded data set from the whole of FashionMNIST: python pipeline/data/embedded/make_fashion_mini.py."""

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from pipeline.data import load
from pipeline.data.images import Images
from pipeline.data.split import stratified

SIZES = {"train": 5000, "test": 4000}
HERE = Path(__file__).parent / "fashion_mini"


def main() -> None:
    """Write train and test as Parquet in the Hugging Face layout: image {bytes, path}, label."""
    for name, data in zip(SIZES, load("fashion_mnist"), strict=True):
        (index,) = stratified(data.labels, [SIZES[name]], len(data.classes), seed=0, side=name)
        write(data.take(np.sort(index)), HERE / f"{name}-00000-of-00001.parquet")


def write(data: Images, path: Path) -> None:
    """One Parquet file of PNG images."""
    label = {"_type": "ClassLabel", "names": list(data.classes)}
    about = {"info": {"features": {"image": {"_type": "Image"}, "label": label}}}
    images = pa.array(
        [{"bytes": _png(image), "path": None} for image in data.images],
        pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
    )
    table = pa.table({"image": images, "label": pa.array(data.labels)})
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps(about)}), path, compression="zstd")


def _png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image[0]).save(file, "PNG", optimize=True)
    return file.getvalue()


if __name__ == "__main__":
    main()
