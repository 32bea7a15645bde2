"""What holds for all tests."""

import os
import signal

import numpy as np
from hypothesis import settings
from threadpoolctl import threadpool_limits

settings.register_profile("here", deadline=None)  # a machine that is busy with something else breaks no law
settings.register_profile("ci", deadline=None, derandomize=True)  # new examples are sought here, not there
settings.load_profile("ci" if os.environ.get("CI") else "here")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # shells start jobs in the background so
    signal.signal(signal.SIGINT, signal.default_int_handler)

np.ones((2, 2)) @ np.ones((2, 2))
threadpool_limits(1, user_api="blas")  # sums are then the same on every machine with the same kernels
