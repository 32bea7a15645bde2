"""Advice and sensitivity promise what profiling the other way gives, and cost nothing to who does not look."""

from dataclasses import replace

import pytest

import npusdk as npu
from npusdk.pipeline import sensitivity
from npusdk.pipeline.advice import LEAST_GAIN, MOST
from npusdk.pipeline.case import Case
from npusdk.pipeline.planning import Planner
from npusdk.report import CODES, Parallel

DEVICES = ("rngd", "a100", "warboy", "ipu", "atom", "t4", "l40s", "h200")
BATCHES = (1, 8, 64)


@pytest.fixture(scope="module", params=["zoo:resnet18", "zoo:mobilenet_v2", "zoo:yolov5n"])
def network(request):
    return npu.load(request.param)


@pytest.fixture(scope="module")
def language_model():
    return npu.LLM("llama-3-8b")


def advised(advice, model, report):
    """Return the profile of what the advice says to do; None where no profile can be asked for so."""
    code, params = advice.action.code, advice.action.params
    if code == "use_precision":
        return npu.profile(model, report.device, params["precision"], report.batch)
    if code in ("use_batch", "use_batch_on_parts"):
        return npu.profile(model, report.device, report.precision, params["batch"])
    return None


def gain(of, before, after):
    """Return the factor by which a profile is better than another."""
    rates = (after.throughput_per_s, before.throughput_per_s)
    times = (before.latency_s, after.latency_s)
    first, second = times if of == "latency" else rates
    return first / second


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("device", DEVICES)
def test_advice_gains_what_profiling_it_gives(network, device, batch):
    """The gain and the time of advice are those of the profile that one gets by following it."""
    report = npu.profile(network, device, batch=batch)
    for advice in report.advice:
        after = advised(advice, network, report)
        if after is not None:
            assert advice.gain == pytest.approx(gain(advice.of, report, after))
            assert advice.predicted_s == pytest.approx(after.latency_s)


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("device", DEVICES)
def test_advice_is_short_ordered_worth_a_word_and_can_be_read(network, device, batch):
    """At most five pieces, the largest gain first, none below a twentieth, each code with a sentence."""
    pieces = list(npu.profile(network, device, batch=batch).advice)
    gains = [advice.gain for advice in pieces]
    assert len(pieces) <= MOST
    assert gains == sorted(gains, reverse=True)
    assert all(gain >= LEAST_GAIN for gain in gains)
    assert {note.code for one in pieces for note in (one.condition, one.cause, one.action)} <= CODES.keys()


def test_advice_is_certain_only_where_intervals_do_not_overlap(network):
    """Advice is separable exactly where the interval of what it improves lies beyond the one before."""
    seen = set()
    for device in ("rngd", "a100", "t4"):
        report = npu.profile(network, device)
        for advice in report.advice:
            after = advised(advice, network, report)
            if after is not None:
                assert advice.separable == (npu.Comparison.is_separable(report, after, advice.of))
                seen.add(advice.separable)
    assert False in seen


def test_larger_batch_is_the_smallest_that_comes_near_the_best(network):
    """The batch that is advised reaches nine tenths of the best throughput, and half of it does not."""
    report = npu.profile(network, "a100")
    advice = next(advice for advice in report.advice if advice.action.code.startswith("use_batch"))
    rates = {batch: npu.profile(network, "a100", batch=batch).throughput_per_s for batch in (2, 4, 8, 16, 32, 64)}
    batch = advice.action.params["batch"]
    assert rates[batch] >= 0.9 * max(rates.values())
    assert rates.get(batch // 2, 0) < 0.9 * max(rates.values())


def test_narrower_format_is_advised_only_where_public_software_reaches_it():
    """What is planned, or documented nowhere, is no advice."""
    network = npu.load("zoo:resnet50")
    for spec in npu.devices():
        for precision in spec.dtypes:
            try:
                report = npu.profile(network, spec, precision, batch=8)
            except npu.PrecisionError:
                continue
            advised_formats = {a.action.params["precision"] for a in report.advice if a.action.code == "use_precision"}
            assert all(spec.precision(name).reachable == "documented" for name in advised_formats)


def test_operators_on_the_host_are_named():
    """Where layers run on the host the advice names them, and gains at most what their time is."""
    report = npu.profile(npu.load("zoo:resnet18"), "warboy")
    on_host = [layer for layer in report.layers if layer.bound == "host"]
    found = [advice for advice in report.advice if advice.action.code == "use_supported_operators"]
    assert [advice.condition.params["count"] for advice in found] == [len(on_host)]
    assert on_host[0].op in found[0].condition.params["operators"]
    assert report.latency_s - sum(layer.time_s for layer in on_host) <= found[0].predicted_s < report.latency_s


@pytest.mark.parametrize(("what", "length"), [("prefill", "tokens"), ("decode", "context")])
@pytest.mark.parametrize("device", ["h200", "rngd"])
def test_advice_for_a_pass_gains_what_making_it_so_gives(language_model, device, what, length):
    """Sharing a pass, or narrower weights or cache, gains what the pass that is made so gains."""
    report = npu.profile(getattr(language_model, what)(**{length: 1024}, batch=4), device)
    followed = set()
    for advice in report.advice:
        params = advice.action.params
        formats = {name: params["format"] for name in ("weights", "cache") if advice.action.code == f"use_{name}"}
        shared = Parallel(tp=params.get("tp", 1))
        if formats or "tp" in params:
            other = npu.LLM(language_model.config, **formats)
            made = getattr(other, what)(**{length: 1024}, batch=4, parallel=shared)
            assert advice.gain == pytest.approx(report.latency_s / npu.profile(made, device).latency_s)
            followed.add(advice.action.code)
    assert "use_tp" in followed
    assert what == "prefill" or "use_weights" in followed


def test_network_is_not_advised_what_is_for_language_models(network):
    """A network has no cache, and is not shared among devices."""
    codes = {advice.action.code for device in DEVICES for advice in npu.profile(network, device).advice}
    assert not codes & {"use_tp", "use_weights", "use_cache"}


def test_power_limit_is_named_where_it_slows_the_device(weak):
    """A device at its limit is told so, with the time that it would take without."""
    network = npu.load("zoo:resnet50")
    report = npu.profile(network, weak, "fp16", batch=64)
    advice = next(advice for advice in report.advice if advice.action.code == "raise_power_limit")
    powered = network.planner.cost(Case(weak, "fp16", 64)).powered
    assert advice.gain == pytest.approx(report.latency_s / powered.schedule.latency_s)
    assert advice.condition.params["watts"] == 30


def test_what_nobody_looks_at_is_not_predicted(network, monkeypatch):
    """Making, printing and comparing profiles costs no other way to run; looking at advice or sensitivity does."""
    made = []
    run = Planner.run
    monkeypatch.setattr(Planner, "run", lambda *args, **options: made.append(args) or run(*args, **options))
    report = npu.profile(network, "rngd")
    assert repr(report)
    assert len(made) == 1
    assert (report.advice.is_made, report.sensitivity.is_made) == (False, False)
    assert len(report.sensitivity) == len(report.sensitivity)
    many = len(made)
    assert many > 1
    assert len(report.advice) >= 0
    assert len(made) > many


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("batch", [1, 32])
def test_sensitivity_is_the_latency_of_the_changed_parameter(network, device, batch):
    """Bounds are latencies with the parameter a quarter higher and lower; all move it by more than a twentieth."""
    report = npu.profile(network, device, batch=batch)
    costed = network.planner.cost(Case(npu.device(device), report.precision, batch))
    parameters = costed.figures.parameters
    for said in report.sensitivity:
        value = getattr(parameters, said.parameter)
        scaled = [value / said.factor, value * said.factor]
        if isinstance(value, int):
            scaled = [max(1, round(number)) for number in scaled]
        times = [costed.again(replace(parameters, **{said.parameter: number})).latency_s for number in scaled]
        assert (said.latency_low_s, said.latency_high_s) == pytest.approx((min(times), max(times)))
        assert said.change > sensitivity.LEAST_CHANGE
        assert said.change == pytest.approx(max(abs(time / report.latency_s - 1) for time in times))
    changes = [said.change for said in report.sensitivity]
    assert changes == sorted(changes, reverse=True)


@pytest.mark.parametrize("device", DEVICES)
def test_sensitivity_is_of_assumed_parameters_and_misses_none(network, device):
    """What a vendor states or somebody measured is never listed; what is assumed is, if it moves the latency."""
    report = npu.profile(network, device)
    costed = network.planner.cost(Case(npu.device(device), report.precision, 1))
    parameters = costed.figures.parameters
    assumed = {said.parameter for said in parameters.assumptions if said.kind == "assumed"}
    listed = {said.parameter for said in report.sensitivity}
    assert listed <= assumed
    for name in sorted({"eta_compute", "eta_memory", "op_overhead_s", "call_overhead_s"} & assumed):
        factor = 0.8 if name.startswith("eta") else 1.25
        slower = replace(parameters, **{name: factor * getattr(parameters, name)})
        if costed.again(slower).latency_s > 1.0501 * report.latency_s:
            assert name in listed
