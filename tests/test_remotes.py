"""A lab's own remote: a second clone pulls images and weights over SSH or read-only HTTP, and reruns nothing."""

import asyncio
import functools
import http.server
import os
import threading

import asyncssh
import pytest

from tests import scratch
from tests.repository import clone, dvc, ran


class Server(asyncssh.SSHServer):
    """Lets anybody in who knows the password."""

    def begin_auth(self, username):
        return True

    def password_auth_supported(self):
        return True

    def validate_password(self, username, password):
        return password == "of the lab"


async def listen(folder):
    return await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=Server,
        server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
        sftp_factory=functools.partial(asyncssh.SFTPServer, chroot=os.fspath(folder)),
    )


@pytest.fixture
def ssh(tmp_path):
    """A real SSH server on loopback that serves a folder by SFTP: (port, the folder)."""
    folder = tmp_path / "storage"
    folder.mkdir()
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    server = asyncio.run_coroutine_threadsafe(listen(folder), loop).result()
    yield server.get_port(), folder
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)


@pytest.fixture
def web(tmp_path):
    """A read-only HTTP server on loopback: (port, the folder)."""
    folder = tmp_path / "storage"
    folder.mkdir()
    handler = functools.partial(Quiet, directory=os.fspath(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1], folder
    server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Writes no log."""

    def log_message(self, *args):
        pass


@pytest.fixture
def lab(repository, tmp_path):
    """A clone of the committed run that still has all its files."""
    folder = clone(repository.folder, tmp_path / "lab")
    dvc(folder, "cache", "dir", "--local", str(repository.folder / ".dvc/cache"))
    dvc(folder, "checkout")
    return folder


def point_to(folder, url, **settings):
    """What docs/remotes.md says: the remote `lab`, in this clone, is that storage."""
    dvc(folder, "remote", "modify", "--local", "lab", "url", url)
    for name, value in settings.items():
        dvc(folder, "remote", "modify", "--local", "lab", name, value)


def reruns_nothing(folder):
    """Pull everything, then repro: no stage runs."""
    dvc(folder, "pull")
    assert (folder / f"artifacts/{scratch.TASK}/source").is_dir()
    assert ran(dvc(folder, "repro")) == []
    assert not (folder / ".zoo").exists()


def test_over_ssh_a_second_clone_reruns_nothing(lab, ssh, tmp_path):
    port, folder = ssh
    how = {"url": f"ssh://lab@127.0.0.1:{port}/runs", "password": "of the lab"}
    point_to(lab, **how)
    dvc(lab, "push")
    assert list((folder / "runs").rglob("*.dir"))
    other = clone(lab, tmp_path / "other")
    point_to(other, **how)
    reruns_nothing(other)


def test_over_read_only_http_a_second_clone_reruns_nothing(lab, web, tmp_path):
    port, folder = web
    point_to(lab, os.fspath(folder))
    dvc(lab, "push")
    other = clone(lab, tmp_path / "other")
    point_to(other, f"http://127.0.0.1:{port}")
    reruns_nothing(other)


def test_what_was_damaged_on_the_way_is_refused(lab, web, tmp_path):
    port, folder = web
    point_to(lab, os.fspath(folder))
    dvc(lab, "push")
    largest = max((path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    data = bytearray(largest.read_bytes())
    data[len(data) // 2] ^= 1
    largest.chmod(0o644)
    largest.write_bytes(bytes(data))
    other = clone(lab, tmp_path / "other")
    point_to(other, f"http://127.0.0.1:{port}")
    with pytest.raises(AssertionError, match="failed to pull"):
        dvc(other, "pull")
