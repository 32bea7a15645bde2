"""What a profile says beyond its time: devices, energy, price, chunks, parts, and software."""

from dataclasses import replace

import pytest

import npusdk as npu
from npusdk.catalogue import cost_parameters
from npusdk.pipeline.calibration import stacks
from npusdk.pipeline.case import Case
from npusdk.report import Parallel
from npusdk.report.layers import BOUNDS, TERMS

PRICES = npu.PriceList("test", {"rngd": 3600.0, "a100": 7200.0}, pue=1.5, tariff_krw_per_kwh=200.0)


@pytest.fixture(scope="module")
def network():
    return npu.load("zoo:resnet18")


@pytest.fixture(scope="module")
def decoding():
    return npu.LLM("qwen3-0.6b").decode(context=512, batch=2, parallel=Parallel(tp=2))


@pytest.mark.parametrize("count", [2, 3, 8])
@pytest.mark.parametrize("device", ["rngd", "a100"])
def test_replicas_multiply_the_throughput_and_leave_a_call_as_it_is(network, device, count):
    """N copies of a device take n times the samples; a call takes the time, energy and price that it takes on one."""
    one = npu.profile(network, device, batch=4, prices=PRICES)
    many = npu.profile(network, device, batch=4, prices=PRICES, parallel=Parallel(replicas=count))
    assert many.throughput_per_s == pytest.approx(count * one.throughput_per_s)
    assert many.sustained_power_w == pytest.approx(count * one.sustained_power_w)
    for name in ("latency_s", "energy_j", "power_w", "krw", "macs", "batch"):
        assert getattr(many, name) == getattr(one, name)
    assert (one.parallel, many.parallel) == (None, Parallel(replicas=count))


@pytest.mark.parametrize("asked", [Parallel(tp=2), Parallel(pp=2), Parallel(tp=2, replicas=4)], ids=str)
def test_network_is_not_divided_among_devices(network, asked):
    """Tensor and pipeline parallelism are for language models; a network is refused by name, and told of copies."""
    with pytest.raises(npu.ConfigError, match=r"(?s)parallel is .*replicas="):
        npu.profile(network, "a100", parallel=asked)


def test_pass_keeps_the_devices_that_it_was_made_for(decoding):
    """A pass of two shares runs on two devices, said or not; copies of both may be asked for, another share may not."""
    own = npu.profile(decoding, "a100")
    assert own.parallel == Parallel(tp=2)
    assert npu.profile(decoding, "a100", parallel=Parallel(tp=2)) == own
    copies = npu.profile(decoding, "a100", parallel=Parallel(replicas=3))
    assert copies.parallel == Parallel(tp=2, replicas=3)
    assert copies.throughput_per_s == pytest.approx(3 * own.throughput_per_s)
    with pytest.raises(npu.ConfigError, match="made for tp=2"):
        npu.profile(decoding, "a100", parallel=Parallel(tp=4))
    with pytest.raises(npu.ConfigError, match="one stage"):
        npu.profile(decoding, "a100", parallel=Parallel(tp=2, pp=2))


@pytest.mark.parametrize("device", ["rngd", "a100", "warboy", "l40s", "atom-max"])
@pytest.mark.parametrize("batch", [1, 8])
def test_energies_of_layers_and_idling_add_up(network, device, batch):
    """The layers' joules and the idle power of call and transfers make the call's, inside its range and below TDP."""
    report = npu.profile(network, device, batch=batch)
    idle_w = cost_parameters(npu.device(device), report.precision).idle_w
    layers_j = sum(layer.energy_j for layer in report.layers)
    assert layers_j + idle_w * (report.call_s + report.host_s) == pytest.approx(report.energy_j)
    assert report.energy_low_j <= report.energy_j <= report.energy_high_j
    assert report.power_w * report.latency_s == pytest.approx(report.energy_j)
    assert report.power_w <= npu.device(device).specs["tdp_w"].number * (1 + 1e-9)
    assert report.power_boundary in ("card", "chip", "system")


def test_devices_that_share_a_pass_all_draw_power(decoding):
    """The energy of a pass is that of all devices that it occupies, and so are those of its layers."""
    report = npu.profile(decoding, "a100")
    idle_w = cost_parameters(npu.device("a100"), report.precision).idle_w
    layers_j = sum(layer.energy_j for layer in report.layers)
    assert layers_j + 2 * idle_w * (report.call_s + report.host_s) == pytest.approx(report.energy_j)
    assert report.power_w > 2 * idle_w


def test_energy_without_figures_is_excluded_by_name(network):
    """A device of which a figure is missing has no energy, says so, and keeps its time."""
    report = npu.profile(network, "systolic-128x128", "fp16")
    assert report.energy_j is report.power_w is report.energy_low_j is None
    assert (report.power_boundary, report.energy_basis) == ("", "")
    assert "energy" in report.excluded
    assert "energy" not in npu.profile(network, "a100").excluded


def test_price_is_linear_in_the_price_list(network):
    """Twice the prices, twice the won; without a list, or a price of the device, no price is said."""
    doubled = npu.PriceList("test", {"rngd": 7200.0}, pue=1.5, tariff_krw_per_kwh=400.0)
    once, twice = (npu.profile(network, "rngd", prices=prices) for prices in (PRICES, doubled))
    assert twice.krw == pytest.approx(2 * once.krw)
    assert once.krw == pytest.approx(once.latency_s + once.energy_j / 3.6e6 * 1.5 * 200.0)
    assert once.price_basis == "test"
    for missing in (npu.profile(network, "rngd"), npu.profile(network, "h100", prices=PRICES)):
        assert (missing.krw, missing.price_basis) == (None, "")
        assert "price" in missing.excluded
    assert "price" not in once.excluded


def test_pass_on_two_devices_costs_the_price_of_two(decoding):
    """Devices that run together are paid together."""
    free = npu.PriceList("test", {"a100": 3600.0})
    report = npu.profile(decoding, "a100", prices=free)
    assert report.krw == pytest.approx(2 * report.latency_s)


@pytest.mark.parametrize("device", ["rngd", "a100", "ipu", "l40s"])
@pytest.mark.parametrize("batch", [1, 16])
def test_terms_of_a_layer_explain_its_time(network, device, batch):
    """No term is longer than the layer, the bound's own is the longest, and each layer says what would help."""
    report = npu.profile(network, device, batch=batch)
    for layer in report.layers:
        assert set(layer.terms) == set(TERMS.values())
        assert max(layer.terms.values()) <= layer.time_s * (1 + 1e-9)
        if layer.bound in BOUNDS[:4]:
            assert layer.terms[TERMS[layer.bound]] == max(layer.terms[TERMS[name]] for name in BOUNDS[:4])
        assert layer.explanation.code.startswith("change_")
        assert layer.repeats == 1


def test_power_limit_lengthens_the_layers_that_it_slows(weak):
    """Below the power that full speed needs, the report's latency, layers and terms are those of the slower clock."""
    network = npu.load("zoo:resnet50")
    report = npu.profile(network, weak, "fp16", batch=64)
    costed = network.planner.cost(Case(weak, "fp16", 64))
    assert costed.powered.stretch > 1
    assert report.latency_s > costed.powered.schedule.latency_s
    assert sum(layer.time_s for layer in report.layers) + report.call_s + report.host_s == pytest.approx(
        report.latency_s
    )


def test_batch_is_cut_into_chunks_only_where_software_does_that(network):
    """A chunk divides the batch, and is the batch where no compiler is documented to cut it."""
    cut = npu.profile(network, "rngd", batch=64)
    assert 64 % cut.chunk == 0
    assert cut.latency_s <= 64 * npu.profile(network, "rngd", batch=1).latency_s
    assert npu.profile(network, "a100", batch=64).chunk == 64


def test_parts_hold_the_weights_that_each_of_them_needs(network):
    """A device is split only into parts whose share of the memory has room for the network's weights."""
    device = npu.device("rngd")
    costed = network.planner.cost(Case(device, "bf16", 3))
    thirds = replace(costed.figures.parameters, units=384, partitions=(1, 3))
    table = costed.powered.schedule
    least = 3 * table.weight_bytes + table.peak_memory_bytes - table.weight_bytes
    found = []
    for room in (device.pool_bytes, least, least - 1):
        case = replace(costed.case, device=device.model_copy(update={"memory_pools": (room,)}))
        found.append(network.planner.run(case, thirds).schedule.partitions)
    assert found == [3, 3, 1]


def test_model_that_fixes_its_batch_is_profiled_in_one_piece():
    """Chunks and parts are not tried on a network that has one batch; its profile is that of the whole device."""
    from tests.models.builders import bert_encoder  # noqa: PLC0415 - one test needs it

    model = npu.load(bert_encoder(batch=4, sequence=8, layers=1, hidden=16, heads=2, vocabulary=20))
    report = npu.profile(model, "rngd", batch=4)
    assert (report.chunk, report.partitions) == (4, 1)
    assert [advice for advice in report.advice if advice.action.code.startswith("use_batch")] == []


def test_report_survives_json_with_all_that_was_not_looked_at(network, decoding):
    """Everything that a profile holds, advice and sensitivity among it, is the same after JSON."""
    for model, device in ((network, "rngd"), (network, "l40s"), (decoding, "a100")):
        report = npu.profile(model, device, prices=PRICES)
        again = npu.ProfileReport.from_json(report.to_json())
        assert again == report
        assert again.to_json() == report.to_json()


def test_stack_applies_its_factors_and_is_named(network):
    """The reference by its name changes nothing, another stack changes the time, and each report names its own."""
    plain, named = (npu.profile(network, "a100", stack=stack) for stack in ("", stacks()[0]))
    assert (plain.stack, named.stack) == ("", stacks()[0])
    assert named.latency_s == plain.latency_s
    others = [npu.profile(network, "a100", stack=stack) for stack in stacks()[1:]]
    assert all(report.provenance.stack == report.stack for report in others)
    assert any(report.latency_s != plain.latency_s for report in others)


def test_local_target_takes_what_the_calls_take(network):
    """The target in this process profiles and compares in every way that the calls do."""
    options = {"parallel": Parallel(replicas=2), "prices": PRICES}
    assert npu.local().profile(network, "rngd", **options) == npu.profile(network, "rngd", **options)
    several = (["rngd"], ["auto"], [1, 2])
    assert npu.local().compare(network, *several, **options) == npu.compare(network, *several, **options)


def test_stack_that_nobody_knows_is_refused(network):
    """A name that no factors are known of is a ConfigError, for one profile and for many."""
    with pytest.raises(npu.ConfigError, match="fastest-stack"):
        npu.profile(network, "a100", stack="fastest-stack")
    with pytest.raises(npu.ConfigError, match="fastest-stack"):
        npu.compare(network, ["a100"], stack="fastest-stack")
