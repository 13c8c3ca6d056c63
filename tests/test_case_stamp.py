"""A time stamp of the commitment, by an authority that the test runs with openssl."""

import shutil
import subprocess

import pytest

from pipeline.cases import owner
from pipeline.cases.commitment import Tampered
from pipeline.core.errors import BadInput
from pipeline.data.images import save_images
from tests.casemaking import INNOCENT, SOURCE, enrolled, noise_pictures, references, sac
from tests.serving import serving

CONFIGURATION = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
[extended]
extendedKeyUsage = critical,timeStamping
[dn]
[req]
distinguished_name = dn
"""

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl on this machine")


def openssl(*words):
    return subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True).stdout


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A folder with a certificate that may stamp, and the address of a server that stamps with it."""
    folder = tmp_path_factory.mktemp("authority")
    (folder / "serial").write_text("01\n")
    (folder / "configuration").write_text(CONFIGURATION.format(folder=folder))
    openssl(
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=a stamping authority",
        "-keyout",
        folder / "key",
        "-out",
        folder / "certificate",
        "-days",
        "2",
        "-config",
        folder / "configuration",
        "-extensions",
        "extended",
    )

    def answer(path, headers, body):
        (folder / "query").write_bytes(body)
        openssl(
            "ts",
            "-reply",
            "-config",
            folder / "configuration",
            "-queryfile",
            folder / "query",
            "-signer",
            folder / "certificate",
            "-inkey",
            folder / "key",
            "-out",
            folder / "reply",
        )
        return 200, {"Content-Type": "application/timestamp-reply"}, (folder / "reply").read_bytes()

    with serving(answer) as server:
        yield folder, server.address


def stamped(folder, address, count=30):
    plan = owner.Plan(source=SOURCE, images=noise_pictures(90), count=count, references=references(20))
    owner.enroll(plan, folder, address)
    owner.ask(folder, INNOCENT)
    return folder


def test_a_stamp_is_kept_and_openssl_verifies_it(authority, tmp_path):
    keys, address = authority
    case = stamped(tmp_path / "case", address)
    assert owner.verify(case).stamped.startswith("20") and owner.recheck(case).stamped
    openssl(
        "ts", "-verify", "-data", case / "commitment.sha256", "-in", case / "commitment.tsr", "-CAfile", keys / "certificate"
    )
    assert "stamped" in (case / "verdict/verdict.html").read_text()


def test_the_command_line_asks_for_a_stamp(authority, tmp_path):
    save_images(noise_pictures(90), tmp_path / "pool.safetensors")
    (tmp_path / "mine.py").write_text("from tests.casemaking import SOURCE as source, INNOCENT as other")
    words = ("--images", "pool.safetensors", "--count", 30, "--reference", "python:mine:other", "--out", "case")
    done = sac("enroll", "python:mine:source", *words, "--stamp", authority[1], folder=tmp_path)
    assert done.returncode == 0 and (tmp_path / "case/commitment.tsr").exists(), done.stderr


def test_a_stamp_of_something_else_is_found(authority, tmp_path):
    case, other = stamped(tmp_path / "case", authority[1]), stamped(tmp_path / "other", authority[1], 31)
    (other / "commitment.tsr").rename(case / "commitment.tsr")
    with pytest.raises(Tampered, match=r"commitment\.tsr: stamps another list"):
        owner.verify(case)


@pytest.mark.parametrize("answer", [(200, {}, b"no stamp"), (500, {}, b""), (302, {"Location": "http://127.0.0.1:1/"}, b"")])
def test_an_authority_that_gives_no_stamp_is_told_in_one_line(tmp_path, answer):
    with serving(lambda *query: answer) as server, pytest.raises(BadInput, match="no time stamp") as caught:
        stamped(tmp_path / "case", server.address)
    assert "\n" not in str(caught.value)


def test_a_stamp_of_another_request_is_refused(authority, tmp_path):
    keys, address = authority
    stamped(tmp_path / "first", address)
    old = (keys / "reply").read_bytes()
    with serving(lambda *query: (200, {}, old)) as server, pytest.raises(BadInput, match="stamped something else"):
        stamped(tmp_path / "second", server.address)


def test_a_case_that_is_not_stamped_says_so(tmp_path):
    case = enrolled(tmp_path / "case")
    owner.ask(case, INNOCENT)
    assert owner.verify(case).stamped is None and "no time stamp" in (case / "verdict/verdict.html").read_text()
