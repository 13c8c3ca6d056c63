"""A Ray cluster whose nodes share no folder with this machine: how to join it, which nodes there are, what they can hold.

The package travels to the nodes by itself (Ray's runtime_env); what it depends on must be installed there.
"""

import logging
import os
import shutil
import socket
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.core import machine
from pipeline.core.errors import BadInput, unknown
from pipeline.core.executor.local import ALONE

PACKAGE = Path(__file__).parents[2]
NODE = "ray.io/node-id"
"""The label by which Ray knows a node."""
Node = dict[str, Any]


@cache
def joined() -> Any:
    """Ray, joined to the cluster that RAY_ADDRESS names. Raises BadInput if it cannot be."""
    try:
        import ray
    except ImportError:
        raise BadInput("SAC_ENGINE=ray needs Ray: pip install '.[ray]' in a clone of sac-bench") from None
    address = os.environ.get("RAY_ADDRESS")
    if not address:
        raise BadInput("SAC_ENGINE=ray needs RAY_ADDRESS, the address that `ray start --head` prints (HOST:6379)")
    _reach(address)
    settings = {name: os.environ[name] for name in (machine.DETERMINISTIC, machine.BF16) if name in os.environ}
    variables = ALONE | settings | {machine.SHARE: str(_share())}
    # A worker that asks for no card may still look which ones there are: that is how nodes tell their kind.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    with tempfile.TemporaryDirectory(prefix="sac-package-") as folder:
        # As a working folder, and not as `py_modules`: Ray would have the nodes look for modules in this folder first.
        shutil.copytree(PACKAGE, Path(folder) / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__", "embedded"))
        try:
            ray.init(
                address=address,
                runtime_env={"working_dir": folder, "env_vars": variables},
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        except (ray.exceptions.RayError, OSError, RuntimeError, ValueError) as error:
            raise BadInput(f"RAY_ADDRESS: cannot join the cluster at {address}: {line(error)}") from None
    return ray


def nodes() -> list[Node]:
    """The nodes that are alive."""
    return [node for node in joined().nodes() if node["Alive"]]


def fitting() -> list[Node]:
    """The nodes that can hold a worker. Raises BadInput if none can, and never will: it would be waited for without end."""
    alive = nodes()
    found = [node for node in alive if room(node) > 0]
    if alive and not found:
        there = ", ".join(
            f"{node['NodeManagerAddress']} with {node['Resources'].get('CPU', 0):g} cores and "
            f"{node['Resources'].get('GPU', 0):g} GPUs"
            for node in alive
        )
        asked = f"1 core and {_share():g} of a GPU ({machine.SHARE})" if _share() else "1 core"
        raise BadInput(f"no node of the Ray cluster can hold a job that asks for {asked}; there are {there}")
    return found


def room(node: Node) -> int:
    """How many workers a node can hold."""
    cores, part = int(node["Resources"].get("CPU", 0)), _share()
    return min(cores, int(node["Resources"].get("GPU", 0)) * int(1 / part + 1e-9)) if part else cores


def address(name: str) -> str:
    """Where a node is, dead or alive."""
    return next((str(node["NodeManagerAddress"]) for node in joined().nodes() if node["NodeID"] == name), name)


def actor(what: type, avoid: set[str]) -> Any:
    """An actor of one core, and the share of a card that is asked for, on any node with room but those to avoid."""
    label = {NODE: f"!in({','.join(sorted(avoid))})"} if avoid else {}
    return (
        joined()
        .remote(what)
        .options(num_cpus=1, num_gpus=_share(), label_selector=label, max_restarts=0, max_task_retries=0)
        .remote()
    )


class Kind:
    """An actor that tells what kind of machine a node is."""

    def tell(self) -> str:
        """The kind."""
        return machine.kind()


@cache
def kind_of_nodes() -> str:
    """The kind of machine of the nodes, of which SAC_KIND names one where there are several.

    Raises BadInput if they differ and nothing says which to use: the same job would give other bytes on another node.
    """
    kinds, asked = set(_kinds()), os.environ.get("SAC_KIND")
    if not kinds:
        raise BadInput("the Ray cluster has no node that answers; `ray status` says more")
    if asked and asked not in kinds:
        raise BadInput(f"SAC_KIND: {unknown('kind of machine', asked, kinds)}")
    if not asked and len(kinds) > 1:
        raise BadInput(f"nodes of several kinds, whose bytes differ: {', '.join(sorted(kinds))}; set SAC_KIND to one of them")
    return asked or kinds.pop()


def cannot_begin(error: Exception) -> BadInput:
    """What to say where a node lacks what the package needs."""
    return BadInput(
        f"a Ray node cannot begin: {line(getattr(error, 'cause', error))}; the package travels there by itself, "
        "what it needs must be installed there: pip install '.[ray]' in a clone of sac-bench"
    )


def line(error: object) -> str:
    """An error in one line."""
    return " ".join(str(error).split())[:200] or type(error).__name__


def _kinds() -> list[str]:
    """What the nodes tell; a node that dies meanwhile tells nothing."""
    ray, found = joined(), []
    actors = [ray.remote(Kind).options(num_cpus=0, label_selector={NODE: node["NodeID"]}).remote() for node in fitting()]
    for answer in [one.tell.remote() for one in actors]:
        try:
            found.append(ray.get(answer))
        except ray.exceptions.RayTaskError as error:
            raise cannot_begin(error) from None
        except ray.exceptions.RayError:
            continue
    for one in actors:
        ray.kill(one)
    return found


def _reach(address: str) -> None:
    """Raise BadInput at once if nobody answers at HOST:PORT, for which Ray would wait a minute."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError as error:
        raise BadInput(
            f"RAY_ADDRESS: no Ray cluster answers at {address} ({error.strerror or error}); `ray start --head` starts one"
        ) from None


def _share() -> float:
    """The share of a card that a job asks for: none, unless SAC_GPU_SHARE is set."""
    return machine.share() if machine.SHARE in os.environ else 0.0
