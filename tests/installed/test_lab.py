"""The tutorials from an installed wheel, in a home folder with Hangul and blanks, on a Korean console."""

import os
import subprocess

import httpx

from npusdk.cli.tutorials import find_tutorials
from tests.browser.jupyter import serving


def variables(home):
    """Return the environment of a Korean Windows console, as far as other systems can have it."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return kept | {"HOME": str(home), "NPUSDK_LANG": "ko", "PYTHONIOENCODING": "cp949"}


def test_installed_package_stands_alone(installed, home):
    """The environment takes npusdk from the wheel, not from the repository, and reads it with warnings as errors."""
    code = "import npusdk; print(npusdk.__file__); npusdk.devices()"
    command = [installed, "-X", "warn_default_encoding", "-W", "error", "-c", code]
    where = subprocess.run(command, cwd=home, env=variables(home), capture_output=True, check=True, encoding="cp949")
    assert str(installed.parents[1]) in where.stdout


def test_installed_command_copies_the_tutorials(installed, home):
    """`python -m npusdk lab` puts the Korean tutorials of the wheel into the current folder and says so in cp949."""
    command = [installed, "-m", "npusdk", "lab", "--copy-only"]
    done = subprocess.run(command, cwd=home, env=variables(home), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode("cp949")
    said = done.stdout.decode("cp949")
    assert "튜토리얼: " in said
    assert "홍 길동" in said
    copy = home / "npusdk-tutorials"
    source = find_tutorials()
    for path in [*(source / "ko").glob("*.ipynb"), *(source / "models").glob("*.onnx"), source / "exercises.py"]:
        assert (copy / path.relative_to(source)).read_bytes() == path.read_bytes()
    assert not (copy / "en").exists()


def test_installed_command_opens_jupyterlab(installed, home):
    """The server of `python -m npusdk lab` is rooted in the copy, and what one's flags say holds."""
    command = [installed, "-m", "npusdk", "lab", "내 튜토리얼", "--no-open", "--"]
    with serving(home, command, NPUSDK_LANG="ko", PYTHONIOENCODING="cp949") as (address, token, process):
        headers = {"Authorization": f"token {token}"}
        found = httpx.get(f"{address}/api/contents/ko", headers=headers, timeout=30).raise_for_status().json()
        notebooks = sorted(item["name"] for item in found["content"] if item["type"] == "notebook")
        assert notebooks == sorted(path.name for path in (find_tutorials() / "ko").glob("*.ipynb"))
        said = (home / "server.log").read_text(encoding="cp949", errors="replace")
        assert f"/lab/tree/ko/{notebooks[0]}?token={token}" in said
        assert httpx.get(f"{address}/api/contents/ko", timeout=30).status_code == httpx.codes.FORBIDDEN
    assert process.returncode in {0, -15}
