"""Sentences of advice by code: what was found, why it costs something, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from npusdk.language import _

ADVICE: Mapping[str, str] = MappingProxyType(
    {
        # what was found
        "mostly_compute": _("{share} % of the time goes to layers that the matrix units limit"),
        "mostly_memory": _("{share} % of the time goes to layers that off-chip memory limits"),
        "mostly_on_chip": _("{share} % of the time goes to layers that on-chip memory limits"),
        "mostly_vector": _("{share} % of the time goes to layers that the elementwise units limit"),
        "mostly_overhead": _("{share} % of the time goes to layers that their launch limits"),
        "mostly_host": _("{share} % of the time goes to layers that run on the host"),
        "mostly_link": _("{share} % of the time goes to layers that wait for other devices"),
        "mostly_call": _("{share} % of the time goes to the runtime's call, beside all layers"),
        "mostly_transfer": _("{share} % of the time goes to inputs and outputs on the host link"),
        "some_on_host": _("layers on the host: {count} ({operators})"),
        "power_limited": _("the limit of {watts} W is reached: the core runs {stretch} times slower"),
        # why that costs something
        "wide_format": _("a narrower format multiplies faster and moves fewer bytes"),
        "weights_per_batch": _("{share} % of the off-chip bytes are weights, which are read once for a whole batch"),
        "overheads_per_batch": _("call and launches take the same time for a batch of any size"),
        "units_idle": _("few samples leave parts of the device idle"),
        "activations_spill": _("at batch {batch} activations leave the chip"),
        "host_round_trips": _("each costs transfers both ways and one more call of the device"),
        "wide_transfers": _("all inputs and outputs cross the host link in every call"),
        "one_device_reads_all": _("one device reads all weights, keys and values and does all arithmetic"),
        "wide_weights": _("{share} % of the off-chip bytes are weights"),
        "wide_cache": _("{share} % of the off-chip bytes are keys and values"),
        "power_of_arithmetic": _("arithmetic and memory together draw more than the limit allows at full clock"),
        # what to do
        "use_precision": _("Run it in {precision}, which public software reaches."),
        "use_batch": _("Use batch {batch}."),
        "use_batch_on_parts": _("Use batch {batch}, dealt to {parts} parts of the device."),
        "use_supported_operators": _("Replace these operators by ones that the device runs."),
        "halve_transfers": _("Halve those bytes: narrower inputs, or more of the processing on the device."),
        "use_tp": _("Share it among {tp} devices: parallel=Parallel(tp={tp})."),
        "use_weights": _('Keep the weights in {format}: LLM(..., weights="{format}").'),
        "use_cache": _('Keep keys and values in {format}: LLM(..., cache="{format}").'),
        "raise_power_limit": _("Raise the power limit, where card and cooling allow it."),
    }
)
"""Code -> English sentence, marked for translation."""
