"""What arrays on a device cost here, as ratios to the same in array-api-strict and in NumPy, in one process.

Minima of interleaved rounds, one thread.
"""

from timeit import Timer

import array_api_strict as strict
import numpy as np

from npusdk.array import Context, Record, put
from npusdk.catalogue import find_device

ROUNDS = 15
SMALL = 2000
"""Calls in a round of a small operation."""

DEVICE = find_device("rngd")


def least_s(calls, number):
    """Return the least time of one call of each, the calls taking turns."""
    timers = [Timer(call) for call in calls]
    times = [[timer.timeit(number) / number for timer in timers] for _round in range(ROUNDS)]
    return [min(column) for column in zip(*times, strict=True)]


def context(precision="bf16", *, records=False):
    """Return a context; one that records for as long as a round takes."""
    return Context(DEVICE, precision, Record() if records else None, DEVICE.pool_bytes)


def small(label, *, records, precision="bf16"):
    """Print the addition of two arrays of three elements; the limit of 3 is the issue's."""
    values = [np.array(row, np.float32) for row in ((1, 2, 3), (4, 5, 6))]
    place = context(precision, records=records)
    a, b = (put(place, value) for value in values)
    x, y = (strict.asarray(value) for value in values)

    def ours():
        if records and place.record.operations >= SMALL:
            place.record = Record()
            a._number, b._number = (place.record.input(value, "", 6) for value in values)
        return a + b

    mine, theirs = least_s([ours, lambda: x + y], SMALL)
    print(f"  {label:34} {mine * 1e6:6.2f} us, {mine / theirs:5.2f} x array-api-strict ({theirs * 1e6:.2f} us), bar 3")


FUNCTIONS = {
    "a < a": lambda _space, a: a < a,  # noqa: PLR0124 - a comparison is what is measured
    "a @ a": lambda _space, a: a @ a,
    "a[1:3]": lambda _space, a: a[1:3, :],
    "exp": lambda space, a: space.exp(a),
    "where": lambda space, a: space.where(a > 1, a, a),
    "reshape": lambda space, a: space.reshape(a, (16,)),
    "stack": lambda space, a: space.stack([a, a]),
    "sort": lambda space, a: space.sort(a),
    "argmax": lambda space, a: space.argmax(a, axis=1),
    "max": lambda space, a: space.max(a, axis=1),
    "sum": lambda space, a: space.sum(a, axis=0),
    "mean": lambda space, a: space.mean(a, axis=1),
    "flip": lambda space, a: space.flip(a),
    "std": lambda space, a: space.std(a, axis=0),
}
"""Other small operations, on an array of four by four elements."""


def functions():
    """Print small functions beside the addition."""
    value = np.arange(16, dtype=np.float32).reshape(4, 4)
    a, x = put(context(), value), strict.asarray(value)
    for name, function in FUNCTIONS.items():
        calls = [lambda f=function: f(np, a), lambda f=function: f(strict, x)]
        mine, theirs = least_s(calls, SMALL // 4)
        print(
            f"  {name:7} of 4 x 4, bf16 {mine * 1e6:21.2f} us,"
            f" {mine / theirs:5.2f} x array-api-strict ({theirs * 1e6:.2f} us), bar 3"
        )


def product(size):
    """Print a matrix product; the limit is 1.1."""
    values = [np.random.default_rng(i).standard_normal((size, size), dtype=np.float32) for i in range(2)]
    a, b = (put(context_, value) for context_ in [context()] for value in values)
    x, y = a.numpy(), b.numpy()
    mine, theirs = least_s([lambda: a @ b, lambda: x @ y], 3)
    ratio = f"{mine / theirs:5.2f} x NumPy ({theirs * 1e3:.2f} ms), bar 1.1"
    print(f"  matmul {size:4}, bf16 {mine * 1e3:22.2f} ms, {ratio}")


def elementwise(precision):
    """Print operators on a million elements; the limit is 3."""
    values = [np.random.default_rng(i).standard_normal(10**6, dtype=np.float32) for i in range(2)]
    place = context(precision)
    a, b = (put(place, value) for value in values)
    x, y = a.numpy(), b.numpy()
    ratios = []
    for function in (np.add, np.multiply, np.maximum, np.divide, np.exp, np.tanh):
        operands = ((a, b), (x, y)) if function.nin == 2 else ((a,), (x,))
        mine, theirs = least_s([lambda f=function, o=operands: f(*o[0]), lambda f=function, o=operands: f(*o[1])], 5)
        ratios.append(mine / theirs)
        print(
            f"  {function.__name__:9} of 1e6, {precision:4} {mine * 1e3:18.3f} ms,"
            f" {mine / theirs:5.2f} x NumPy ({theirs * 1e3:.3f} ms)"
        )
    print(f"  geometric mean, {precision:4} {np.exp(np.log(ratios).mean()):33.2f} x NumPy, bar 3")


if __name__ == "__main__":
    small("add of 3, bf16, no record", records=False)
    small("add of 3, bf16, recorded", records=True)
    small("add of 3, fp16, recorded", records=True, precision="fp16")
    functions()
    for size in (512, 1024):
        product(size)
    for precision in ("bf16", "tf32", "fp16"):
        elementwise(precision)
