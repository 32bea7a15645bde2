"""`python -m npusdk.calibration.alternatives`: what the errors would be with other settings than those chosen.

Each constant that is not fitted is halved and doubled, and each fact of a stack is left out, one at a time; everything
else is fitted anew. It takes some minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from npusdk.calibration.evaluation import evaluate
from npusdk.calibration.fit import Judge, fit
from npusdk.calibration.making import PUBLISHED
from npusdk.calibration.points import make_points
from npusdk.calibration.rows import read_rows
from npusdk.calibration.settings import FACTS, SHARED
from npusdk.pipeline.constants import Shared, StackConstants


def alternatives() -> Iterator[tuple[str, Shared, Mapping[str, StackConstants]]]:
    """Yield settings with their names, the chosen ones first."""
    yield "as chosen", SHARED, FACTS
    for name, value in SHARED.model_dump().items():
        for factor in (0.5, 2.0):
            changed = min(value * factor, 1.0) if name == "eta_vector" else value * factor
            yield f"{name} {changed:.3g}", SHARED.model_copy(update={name: changed}), FACTS
    for stack in FACTS:
        others = {name: facts for name, facts in FACTS.items() if name != stack}
        yield f"nothing known of {stack}", SHARED, others


def main() -> int:
    """Print the errors of each alternative."""
    points = make_points(read_rows(PUBLISHED))
    sys.stdout.write(f"{'':34} {'in sample':>10} {'model out':>10} {'chip out':>10}\n")
    for name, shared, facts in alternatives():
        judge = Judge(shared, facts)
        scores = evaluate(points, fit(points, judge), judge).scores()
        ways = ("in_sample", "leave_one_model_out", "leave_one_chip_out")
        errors = " ".join(f"{scores[way].macro_mape:10.1%}" for way in ways)
        sys.stdout.write(f"{name:34} {errors}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
