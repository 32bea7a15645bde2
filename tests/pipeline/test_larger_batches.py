"""A batch that does not stay on chip is no reason to be slower."""

import pytest

import npusdk as npu
from npusdk.catalogue import device_names, find_device


@pytest.mark.parametrize(
    "device", sorted({name for name in device_names().values() if find_device(name).kind == "ipu"})
)
@pytest.mark.parametrize("network", ["zoo:yolov8x", "zoo:swin_l"])
def test_ipu_gives_no_less_for_a_larger_batch(device, network):
    """Whoever has more samples than stay in the tiles feeds fewer at a time: the rate does not fall."""
    model = npu.load(network)
    rates = [npu.profile(model, device, "fp16", batch=batch).throughput_per_s for batch in (1, 8, 64)]
    assert rates[1] >= rates[0]
    assert rates[2] >= 0.99 * rates[1]
