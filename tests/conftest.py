"""What holds for all tests."""

import numpy as np
from hypothesis import settings
from threadpoolctl import threadpool_limits

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")  # a machine that is busy with something else breaks no law

np.ones((2, 2)) @ np.ones((2, 2))
threadpool_limits(1, user_api="blas")  # sums are then the same on every machine with the same kernels
