"""Build what Binder would build, run the first tutorial there, and say how much memory it took.

    python -m tests.binder [STAMP]

This is the one check that needs a package registry. Without one it is skipped, but not in continuous integration.
"""

import os
import sys
import tempfile
from pathlib import Path

import httpx
import nbformat
import psutil
from jupyter_client import BlockingKernelClient

from tests.binder.environment import ROOT, build, reaches_registry, runtime, started

LIMIT_BYTES = 1_000_000_000
CELL_SECONDS = 120


def first_page(address, token):
    """Return the path of the page to which the server sends a visitor."""
    answer = httpx.get(address, params={"token": token}, follow_redirects=False, timeout=60)
    return answer.headers["location"].partition("?")[0]


def start_kernel(address, token, path):
    """Open a notebook's session, as JupyterLab does, and return its kernel's identifier."""
    session = {"path": path, "type": "notebook", "name": Path(path).name, "kernel": {"name": "python3"}}
    headers = {"Authorization": f"token {token}"}
    return httpx.post(f"{address}/api/sessions", json=session, headers=headers, timeout=60).json()["kernel"]["id"]


def run(notebook, connection):
    """Run every cell of a notebook in a kernel, and return how many ran."""
    client = BlockingKernelClient(connection_file=str(connection))
    client.load_connection_file()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        for cell in cells:
            reply = client.execute_interactive(cell.source, timeout=CELL_SECONDS, output_hook=lambda _message: None)
            content = reply["content"]
            assert content["status"] == "ok", "\n".join([cell.source, *content.get("traceback", ())])
    finally:
        client.stop_channels()
    return len(cells)


def held_bytes(process):
    """Return the memory of a process and all that it started, shared pages counted once between them."""
    family = [process, *process.children(recursive=True)]
    return sum(getattr(info := member.memory_full_info(), "pss", info.rss) for member in family)


def check():
    """Run the first tutorial in the environment, and return a sentence about it."""
    with tempfile.TemporaryDirectory(prefix="binder ") as folder, started(Path(folder)) as server:
        address, token, process, variables = server
        page = first_page(address, token)
        path = page.removeprefix("/lab/tree/")
        assert (ROOT / path).is_file(), f"the server opens {page}, which is no tutorial"
        kernel = start_kernel(address, token, path)
        connection = Path(variables["JUPYTER_RUNTIME_DIR"]) / f"kernel-{kernel}.json"
        count = run(nbformat.read(ROOT / path, as_version=4), connection)
        size = held_bytes(psutil.Process(process.pid))
    assert size < LIMIT_BYTES, f"Lab, kernel and tutorial hold {size / 1e6:.0f} MB"
    return f"{path}, cells run: {count}; Lab, kernel and tutorial hold {size / 1e6:.0f} MB of 1000 MB"


def main(words):
    """Build, check and say so; write the stamp if all is well."""
    if not reaches_registry():
        print("binder: skipped, pip reaches no package registry")
        return 1 if os.environ.get("CI") else 0
    if runtime() != sys.version_info[:2]:
        print(f"binder: Binder takes Python {runtime()}; this check takes {sys.version_info[:2]}")
    build()
    print(f"binder: {check()}")
    for stamp in words:
        Path(stamp).touch()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
