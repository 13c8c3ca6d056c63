"""Suspects behind servers on loopback: a plain REST server, the Open Inference Protocol, and servers that mean harm."""

import base64
import io
import json
import os
import shutil
import subprocess
import time

import httpx
import numpy as np
import pytest
from PIL import Image

from pipeline.cases import owner
from pipeline.cases.case import Limits
from pipeline.core.errors import BadInput
from tests.casemaking import CLASSES, COPY, enrolled, sac
from tests.serving import dripping, dripping_head, endless, forever_early, hanging, serving

FAST = Limits(timeout=5, tries=2)
COUNT = 40


@pytest.fixture
def case(tmp_path):
    return enrolled(tmp_path / "case", count=COUNT)


def pixels_of(picture):
    return np.asarray(Image.open(io.BytesIO(picture)).convert("L"))[None, None]


def logits_of(picture):
    return COPY(pixels_of(picture))[0].tolist()


def described(folder, address, **about):
    import yaml

    path = folder / f"suspect-{len(list(folder.glob('*.yaml')))}.yaml"
    path.write_text(yaml.safe_dump({"url": f"{address}/classify", **about}))
    return str(path)


def plain(path, headers, body):
    """A server that takes base64 in JSON and answers all scores."""
    return {"predictions": [{"scores": logits_of(base64.b64decode(json.loads(body)["input"]["image"]))}]}


PLAIN = {"field": "input.image", "answer": "predictions.0.scores"}


def answers(case, name):
    return np.array(
        [
            [float(cell) if cell else np.nan for cell in line.split(",")[1:]]
            for line in (case / f"suspects/{name}/answers.csv").read_text().splitlines()[1:]
        ]
    )


def test_a_plain_rest_server_is_asked_every_probe_once(case, tmp_path):
    with serving(plain) as server:
        asked = owner.ask(case, described(tmp_path, server.address, **PLAIN), name="rest", limits=FAST)
        assert len(server.queries) == COUNT == asked.queries == asked.answered
    assert np.allclose(answers(case, "rest"), COPY(owner.probes_of(case)), atol=1e-5)
    assert owner.verify(case).verdicts[0].verdict == "copy" and owner.recheck(case)


@pytest.mark.parametrize("send", ["json", "pixels", "multipart", "body"])
def test_pictures_are_sent_as_the_description_says(case, tmp_path, send):
    def answer(path, headers, body):
        if send == "json":
            image = pixels_of(base64.b64decode(json.loads(body)["image"]))
        elif send == "pixels":
            image = np.round(np.array(json.loads(body)["image"])[None] * 255)
        elif send == "multipart":
            assert b'name="top"\r\n\r\n3' in body
            image = pixels_of(body[body.index(b"\x89PNG") :])
        else:
            image = pixels_of(body)
        return COPY(image)[0].tolist()

    extra = {"extra": {"top": 3}} if send == "multipart" else {}
    with serving(answer) as server:
        owner.ask(case, described(tmp_path, server.address, send=send, **extra), name="rest", limits=FAST)
    assert np.allclose(answers(case, "rest"), COPY(owner.probes_of(case)), atol=1e-4)


@pytest.mark.parametrize(
    ("told", "form"),
    [
        (lambda row: f"thing {np.argmax(row)}", "labels alone"),
        (lambda row: int(np.argmax(row)), "labels alone"),
        (
            lambda row: [{"label": f"thing {k}", "score": round(float(row[k]), 2)} for k in np.argsort(-row)[:3]],
            "the 3 best classes",
        ),
        (lambda row: {f"thing {k}": float(row[k]) for k in range(CLASSES)}, "probabilities"),
        (lambda row: np.round(row, 2).tolist(), "probabilities of 2 digits"),
    ],
)
def test_every_kind_of_answer_is_found_out(case, tmp_path, told, form):
    def answer(path, headers, body):
        logits = np.array(logits_of(base64.b64decode(json.loads(body)["image"])))
        chances = np.exp(logits - logits.max())
        return {"answer": told(chances / chances.sum())}

    with serving(answer) as server:
        owner.ask(case, described(tmp_path, server.address, answer="answer"), name="rest", limits=FAST)
    verdict = owner.verify(case).verdicts[0]
    assert str(verdict.finding.form).startswith(form) and verdict.verdict == "copy"


def test_a_header_comes_from_the_environment_and_is_written_nowhere(case, tmp_path, monkeypatch):
    monkeypatch.setenv("THEIR_TOKEN", "s3cret-of-mine")
    with serving(plain) as server:
        file = described(tmp_path, server.address, headers={"Authorization": "env:THEIR_TOKEN"}, **PLAIN)
        owner.ask(case, file, name="rest", limits=FAST)
        assert all(headers["Authorization"] == "s3cret-of-mine" for _, headers, _ in server.queries)
    owner.verify(case)
    assert not [path for path in case.rglob("*") if path.is_file() and b"s3cret" in path.read_bytes()]
    monkeypatch.delenv("THEIR_TOKEN")
    with pytest.raises(BadInput, match="the environment variable THEIR_TOKEN is not set"):
        owner.ask(case, file, name="again", limits=FAST)


def test_a_killed_run_asks_nothing_twice(case, tmp_path):
    import signal
    import sys

    def slow(path, headers, body):
        time.sleep(0.02)
        return plain(path, headers, body)

    with serving(slow) as server:
        file = described(tmp_path, server.address, **PLAIN)
        code = "import sys; from stages.cli import sac; sys.exit(sac())"
        first = subprocess.Popen([sys.executable, "-c", code, "ask", case, file, "--name", "rest"])
        log = case / "suspects/rest/log.jsonl"
        while not log.exists() or log.read_text().count("\n") < 5:
            time.sleep(0.02)
        first.send_signal(signal.SIGKILL)
        first.wait()
        known = log.read_text().count("\n")
        log.write_bytes(log.read_bytes() + b'{"time": "torn')
        sent = len(server.queries)
        done = sac("ask", case, file, "--name", "rest")
        assert done.returncode == 0 and len(server.queries) - sent == COUNT - known and sent - known in (0, 1)
    assert np.allclose(answers(case, "rest"), COPY(owner.probes_of(case)), atol=1e-5)


def test_a_budget_ends_the_asking_and_a_larger_one_goes_on(case, tmp_path):
    with serving(plain) as server:
        file = described(tmp_path, server.address, **PLAIN)
        asked = owner.ask(case, file, name="rest", limits=Limits(budget=25))
        assert (asked.answered, asked.left, len(server.queries)) == (25, COUNT - 25, 25)
        assert owner.verify(case).verdicts[0].finding.answered == 25
        asked = owner.ask(case, file, name="rest", limits=Limits(budget=100))
        assert (asked.answered, len(server.queries)) == (COUNT, COUNT)


def test_the_limits_of_the_command_line_are_those_of_the_asking(case, tmp_path):
    fails = iter([True, False] * COUNT)

    def flaky(path, headers, body):
        return (503, {}, b"later") if next(fails) else plain(path, headers, body)

    with serving(flaky) as server:
        limits = ("--budget", 30, "--rate", 1000, "--timeout", 5, "--tries", 2, "--seconds", 60, "--gigabytes", 4)
        done = sac("ask", case, described(tmp_path, server.address, **PLAIN), "--name", "rest", *limits)
        assert len(server.queries) == 30 and "15 answers, 25 left for want of a budget, 30 queries" in done.stdout, done.stderr


def test_failed_queries_count_in_the_budget_and_the_log(case, tmp_path):
    fails = iter([True, False] * COUNT)

    def flaky(path, headers, body):
        return (503, {}, b"later") if next(fails) else plain(path, headers, body)

    with serving(flaky) as server:
        asked = owner.ask(case, described(tmp_path, server.address, **PLAIN), name="rest", limits=Limits(budget=30, tries=2))
        assert (asked.answered, asked.queries, len(server.queries)) == (15, 30, 30)


def test_no_more_queries_a_second_are_sent_than_the_rate_allows(case, tmp_path):
    with serving(plain) as server:
        begun = time.monotonic()
        owner.ask(case, described(tmp_path, server.address, **PLAIN), name="rest", limits=Limits(rate=40.0))
        assert time.monotonic() - begun >= (COUNT - 1) / 40


def test_refused_probes_are_no_failure(case, tmp_path):
    refuses = iter([False, False, False, False, True] * COUNT)

    def picky(path, headers, body):
        return (422, {}, b"no") if next(refuses) else plain(path, headers, body)

    with serving(picky) as server:
        asked = owner.ask(case, described(tmp_path, server.address, **PLAIN), name="rest", limits=FAST)
    assert (asked.answered, asked.refused) == (COUNT - COUNT // 5, COUNT // 5)
    assert owner.verify(case).verdicts[0].verdict == "copy"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda *query: hanging, "failed 1 times"),
        (lambda *query: dripping, "TimeoutError"),
        (lambda *query: dripping_head, "TimeoutError"),
        (lambda *query: forever_early, "TimeoutError"),
        (lambda *query: endless, "more than 8 MB"),
        (lambda *query: (200, {}, b'{"a": [NaN, 1, 2, 3, 4]}'), "NaN or infinite"),
        (lambda *query: {"a": [1e999, 1, 2]}, "NaN or infinite"),
        (
            lambda *query: (302, {"Location": "http://169.254.169.254/latest"}, b""),
            "redirects to 'http://169.254.169.254/latest'",
        ),
        (lambda *query: (200, {}, b"<html>"), "expected JSON"),
        (lambda *query: (200, {}, b"[" * 100_000), "expected JSON"),
        (lambda *query: {"b": 1}, "has nothing at 'a'"),
        (lambda *query: {"a": "<b>no such class</b>"}, "expected one of the source's 5"),
        (lambda *query: {"a": {"label": "thing 1", "score": "high"}}, "expected a finite number"),
        (lambda *query: {"a": [[1, 2], [3, 4]]}, "expected numbers, a label"),
        (lambda *query: (404, {}, b"<h1>gone</h1>"), "HTTP 404"),
        (lambda *query: (500, {}, b""), "HTTP 500"),
        (lambda *query: (401, {}, b"who?"), "HTTP 401"),
    ],
)
def test_a_hostile_server_ends_in_one_line(case, tmp_path, answer, says):
    with serving(answer) as server, pytest.raises(BadInput) as caught:
        patience = 0.5 if says in ("failed 1 times", "TimeoutError") else 30
        owner.ask(case, described(tmp_path, server.address, answer="a"), name="rest", limits=Limits(timeout=patience, tries=1))
    assert says in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) < 500


def test_a_server_that_changes_its_number_of_classes_loses_nothing_that_it_said(case, tmp_path):
    widths = iter([5] * 7 + [6] * 100)
    with serving(lambda *query: list(range(next(widths)))) as server, pytest.raises(BadInput, match="6 classes, 5 in earlier"):
        owner.ask(case, described(tmp_path, server.address), name="rest", limits=FAST)
    lines = [json.loads(line) for line in (case / "suspects/rest/log.jsonl").read_text().splitlines()]
    assert len(lines) == 8 and "failed" in lines[7] and all(line["values"] == [0, 1, 2, 3, 4] for line in lines[:7])


def test_nobody_who_listens_is_told_so(case, tmp_path):
    with serving(plain) as server:
        address = server.address
    with pytest.raises(BadInput, match="ConnectError"):
        owner.ask(case, described(tmp_path, address), name="rest", limits=Limits(timeout=1, tries=1))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("url: [", "not YAML"),
        ("- a", "Input should be"),
        ("send: json", "url: Field required"),
        ("url: http://x/\nmethode: POST", "did you mean 'method'"),
        ("url: http://x/\nsend: !!python/object/apply:os.getcwd []", r"line 2: a tag \('tag:yaml"),
    ],
)
def test_a_description_that_is_wrong_names_the_key(case, tmp_path, text, says):
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(BadInput, match=says) as caught:
        owner.ask(case, str(tmp_path / "bad.yaml"))
    assert "\n" not in str(caught.value)


def open_inference(shape, datatype="FP32"):
    def answer(path, headers, body):
        if not body:
            return {"name": "m", "inputs": [{"name": "x", "shape": shape, "datatype": datatype}], "outputs": []}
        sent = json.loads(body)["inputs"][0]
        images = np.array(sent["data"], np.float64).reshape(sent["shape"])
        images = images.transpose(0, 3, 1, 2) if shape[-1] == 1 else images
        logits = COPY(images if datatype == "UINT8" else np.round(images * 255))[0]
        return {"outputs": [{"name": "y", "shape": [1, CLASSES], "datatype": "FP32", "data": logits.tolist()}]}

    return answer


@pytest.mark.parametrize(
    ("shape", "datatype"), [([-1, 1, 12, 12], "FP32"), ([1, 12, 12, 1], "FP32"), ([-1, 1, -1, -1], "UINT8")]
)
def test_open_inference_metadata_say_how_pictures_are_sent(case, shape, datatype):
    with serving(open_inference(shape, datatype)) as server:
        asked = owner.ask(case, f"{server.address}/v2/models/m", limits=FAST)
    assert asked.queries == COUNT + 1 and np.allclose(answers(case, "m"), COPY(owner.probes_of(case)), atol=1e-4)


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"inputs": []},
        {"inputs": [{"name": "x", "shape": [1, 10**9, 10**9, 3], "datatype": "FP32"}]},
        {"inputs": [{"name": "x", "shape": [1, 3, 100_000, 1], "datatype": "FP32"}]},
        {"inputs": [{"name": "x", "shape": [1, 3, 2**32, 2**32], "datatype": "FP32"}]},
        {"inputs": [{"name": "x", "shape": [1, 3, 10**400, 10**400], "datatype": "FP32"}]},
        {"inputs": [{"name": "x", "shape": [1, 2, 12, 12], "datatype": "FP32"}]},
        {"inputs": [{"name": "x", "shape": "wide", "datatype": "FP32"}]},
        [1],
        "no",
    ],
)
def test_open_inference_metadata_that_are_odd_end_in_one_line(case, metadata):
    with serving(lambda path, headers, body: metadata) as server, pytest.raises(BadInput, match=r"its (input|metadata)"):
        owner.ask(case, f"{server.address}/v2/models/m", limits=FAST)


RUNTIME = """
import numpy as np
from mlserver import MLModel
from mlserver.types import InferenceResponse, MetadataModelResponse, MetadataTensor
from mlserver.codecs import NumpyCodec

class Linear(MLModel):
    async def load(self):
        self.weights = np.load("{weights}")
        return True

    async def metadata(self):
        return MetadataModelResponse(name=self.name, platform="numpy", versions=[],
                                     inputs=[MetadataTensor(name="x", datatype="FP32", shape=[-1, 1, 12, 12])])

    async def predict(self, payload):
        images = NumpyCodec.decode_input(payload.inputs[0])
        logits = (images.reshape(len(images), -1) - 0.5) @ self.weights
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("y", logits.astype(np.float32))])
"""
MLSERVER = os.environ.get("SAC_MLSERVER") or shutil.which("mlserver")


def free_port():
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.mark.skipif(
    not MLSERVER, reason="no MLServer: install it in an environment of its own and name its command in SAC_MLSERVER"
)
def test_a_real_mlserver_is_asked(case, tmp_path):
    weights = COPY(np.eye(144).reshape(144, 1, 12, 12) * 255) - COPY(np.zeros((1, 1, 12, 12)))
    np.save(tmp_path / "weights.npy", weights)
    (tmp_path / "runtime.py").write_text(RUNTIME.format(weights=tmp_path / "weights.npy"))
    (tmp_path / "model-settings.json").write_text(json.dumps({"name": "linear", "implementation": "runtime.Linear"}))
    http, grpc, metrics = free_port(), free_port(), free_port()
    (tmp_path / "settings.json").write_text(
        json.dumps(
            {
                "host": "127.0.0.1",
                "http_port": http,
                "grpc_port": grpc,
                "metrics_port": metrics,
                "parallel_workers": 0,
                "debug": False,
            }
        )
    )
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(
            [MLSERVER, "start", str(tmp_path)],
            cwd=tmp_path,
            stdout=log,
            stderr=log,
            env=os.environ | {"PYTHONPATH": str(tmp_path)},
        )
    try:
        for _ in range(600):
            try:
                if httpx.get(f"http://127.0.0.1:{http}/v2/models/linear/ready", timeout=1).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            assert server.poll() is None, (tmp_path / "log").read_text()[-2000:]
            time.sleep(0.1)
        owner.ask(case, f"http://127.0.0.1:{http}/v2/models/linear", limits=Limits(timeout=20))
    finally:
        server.terminate()
        server.wait()
    assert np.allclose(answers(case, "linear"), COPY(owner.probes_of(case)), atol=1e-3)
    assert owner.verify(case).verdicts[0].verdict == "copy"
