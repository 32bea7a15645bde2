"""Every benchmark, one after the other, each in a child process: one thread, NumPy's BLAS free to choose kernels."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main():
    """Run the benchmarks named on the command line, or all."""
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_CORETYPE"}
    environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "NPUSDK_LANG": "en"}
    wanted = sys.argv[1:] or sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    codes = [
        subprocess.run(
            [sys.executable, "-m", f"tests.benchmarks.bench_{name}"], env=environment, check=False
        ).returncode
        for name in wanted
    ]
    return max(codes, default=0)


if __name__ == "__main__":
    sys.exit(main())
