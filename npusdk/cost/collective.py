"""Between devices: what several that share a network say to each other.

All-reduce of V bytes over n devices, the better of a ring (its two passes in n - 1 hops each, V/n at a time) and of
everyone's whole result to everyone (one hop each way):

    t = min(2 (n-1) a + 2 (n-1)/n V/BW,   2 a + 2 (n-1) V/BW)

(The ring: Patarasuk and Yuan 2009, bandwidth optimal all-reduce algorithms.) `a` is the latency of a hop, BW the
bandwidth of a device in one direction: of the link between devices, or of the host link where there is none.
"""

from __future__ import annotations

import numpy as np

from npusdk.catalogue import CostParameters
from npusdk.cost.gemms import Floats


def link_bandwidth(parameters: CostParameters) -> float:
    """Return the bytes a second from device to device, in one direction."""
    return parameters.link_bandwidth_bytes_per_s or parameters.host_bandwidth_bytes_per_s


def all_reduce_s(size_bytes: Floats | float, devices: int, parameters: CostParameters) -> Floats:
    """Return the seconds until every device has the sum of all; nothing where there are no bytes, or one device.

    Parameters
    ----------
    size_bytes
        Of what each device holds.
    devices
        How many take part.
    parameters
        One of them.
    """
    if devices == 1:
        return np.zeros(np.shape(size_bytes))
    hops, latency_s = 2 * (devices - 1), parameters.link_latency_s
    sent_s = hops * np.asarray(size_bytes, np.float64) / link_bandwidth(parameters)
    taken_s: Floats = np.minimum(hops * latency_s + sent_s / devices, 2 * latency_s + sent_s)
    return np.where(sent_s > 0, taken_s, 0.0)


def send_s(size_bytes: float, parameters: CostParameters) -> float:
    """Return the seconds of moving bytes from one device to the next, as between the stages of a pipeline."""
    return parameters.link_latency_s + size_bytes / link_bandwidth(parameters)
