"""Codes of assumptions, exclusions, reasons and hints: reports hold codes, a reader sees sentences."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from npusdk.language import _, current_language, fill, translate
from npusdk.report.advice import ADVICE
from npusdk.values import Frozen


class Note(Frozen):
    """A code and the parameters of its sentence.

    Parameters
    ----------
    code
        Key of `CODES`; an unknown one, from a newer writer, is shown as it is.
    params
        Values of the fields of the sentence; a text that is data has its Korean beside it, under its name and "_ko".
    """

    code: str
    params: dict[str, str | int | float] = {}  # noqa: RUF012 - pydantic copies defaults


CODES: Mapping[str, str] = MappingProxyType(
    {
        # what the interval rests on
        "left_out_measurements": _("four of five measurements that were left out of the fit lie in it"),
        "judgement_few": _("few measurements stand behind the parameters; the factor of 1.5 either way is judgement"),
        "judgement_no_measurement": _(
            "no published measurement stands behind the parameters; the factor of 2 either way is judgement"
        ),
        # what a prediction leaves out
        "compiler_quality": _("kernel choice and quality of the vendor's compiler, layer by layer"),
        "pre_and_post_processing": _("pre-processing, post-processing and the first load of the model"),
        "clocks_and_heat": _("clocks that change with heat and power"),
        "queueing": _("waiting in queues, variable lengths, tail latencies"),
        "software_version": _("differences between software versions"),
        "energy": _("energy and power"),
        "price": _("price"),
        "partitions_and_chunks": _("splitting the device or the batch, which some compilers do"),
        "host_compute": _("time of the operators that fall back to the host's CPU (their transfers are counted)"),
        "accuracy": _("the accuracy of the model in this precision"),
        # what a prediction takes for granted
        "model_is_quantized": _("the model is taken as quantised to {precision}; it is not, as it stands"),
        "calibrated_parameter": _("{parameter}: fitted to published measurements of this chip"),
        "class_default": _("{parameter}: default of its class of device, assumed"),
        "assumed_parameter": _("{parameter}: assumed, no public figure"),
        "term_omitted": _("{parameter}: no figure, its term is left out"),
        "derived_parameter": _("{parameter}: derived from other figures"),
        "secondary_parameter": _("{parameter}: quoted by others than the vendor"),
        "recorded_path": _(
            "the cell is taken as one compiled graph of the operators that ran; Python's own time is left out"
        ),
        "operators_undocumented": _("no public document lists the operators that run; all are taken to run"),
        "precision_undocumented": _("no public software is documented to reach {precision} on this device"),
        # reasons of a fit
        "operator_accelerated": _("the vendor lists it as accelerated"),
        "operator_on_host": _("the vendor's list sends it to the host's CPU"),
        "operator_not_listed": _("not in the vendor's list: it runs on the host's CPU"),
        "operator_conditional": _("accelerated by the vendor's documents; not checked here: {condition}"),
        "operator_computes_in_float": _("it computes in floating point, and the device multiplies integers only"),
        "operator_blocked": _("the vendor's list excludes it"),
        "operator_undocumented": _("no public document says whether it runs"),
        "general_purpose": _("general-purpose device: taken to run"),
        "reference_runs_all": _("the reference device runs every operator"),
        "precision_missing": _("the device has no {precision}; it has {available}"),
        "needs_quantization": _("the device multiplies {available} only and the model is not quantised"),
        "precision_planned": _("{precision} is planned, not released, in {software} {version}"),
        "precision_not_documented": _("no public document says that software reaches {precision} here"),
        "memory_exceeded": _("needs {needed}; the largest memory pool has {available}"),
        "memory_unknown": _("needs {needed}; the device's memory is not documented"),
        "opset_too_new": _("the vendor's compiler reads opset {limit} at most; the model has {opset}"),
        # ways out
        "quantize_first": _("Quantise the model to {precision} (QDQ) first."),
        "choose_precision": _("Choose one of the precisions {available}."),
        "smaller_batch_or_device": _("Use a smaller batch, a narrower precision or a device with more memory."),
        "older_opset": _("Export the model with opset {limit} or lower."),
        "ask_vendor": _("Ask the vendor, or try it at a centre that has the device."),
        "replace_operator": _("Replace the operator, or accept the transfers to the host."),
        # what would make the largest part of a layer's time smaller
        "change_larger_batch": _("it moves weights or fills units for few samples: a larger batch shares that"),
        "change_lower_precision": _("the matrix units are the limit: a narrower precision multiplies faster"),
        "change_more_bandwidth": _("off-chip memory is the limit: a device with more bandwidth is faster"),
        "change_on_chip_memory": _("activations leave the chip: a smaller batch, or more on-chip memory, keeps them"),
        "change_on_chip_bandwidth": _("on-chip memory is the limit: a device with a faster one is faster"),
        "change_smaller_cache": _("keys and values are the limit: a narrower cache or a shorter context helps"),
        "change_fewer_elementwise": _("elementwise work is the limit: fewer or fused such operators are faster"),
        "change_fewer_operators": _("the launch is the limit: fewer, larger operators or a larger batch share it"),
        "change_supported_operators": _("it runs on the host: an operator that the device supports stays there"),
        "change_faster_link": _("the exchange between devices is the limit: fewer devices or a faster link"),
        "change_nothing": _("it takes no time"),
        # what an energy rests on
        "gpu_energy": _("energies of arithmetic and memory of a GPU, judged to be known to 40 %"),
        "tdp_bound": _("nothing is known but idle power and TDP, which bound it"),
        **ADVICE,
    }
)
"""Code -> English sentence, marked for translation."""


def explain(note: Note | str, language: str | None = None) -> str:
    """Return the sentence of a code in the reader's language; an unknown code is returned as it is.

    Examples
    --------
    >>> explain(Note(code="precision_missing", params={"precision": "fp16", "available": "int8"}), language="en")
    'the device has no fp16; it has int8'
    """
    code, params = (note, {}) if isinstance(note, str) else (note.code, note.params)
    if (language or current_language()) == "ko":
        params = {**params, **{name.removesuffix("_ko"): text for name, text in params.items() if name.endswith("_ko")}}
    template = CODES.get(code)
    return code if template is None else fill(translate(template, language), params)
