"""The catalogue of devices: one TOML file each, every figure with its source and how far to trust it.

**A device file** (`devices/<id>.toml`) begins with what identifies the device. `[sources]` gives a short key to the
full text of every source. `[specs]` holds the figures as inline tables, in SI units::

    memory_bandwidth_bytes_per_s = { value = 1.5e12, unit = "B/s", source = "rngd", kind = "vendor", note = "..." }

Names and units are those of `keys.SPECS`. Sizes are as their sources write them: GB and MB decimal, GiB and MiB binary,
so a measured usable size may exceed a nominal one whose "GB" was binary. Peaks are dense, one multiply-accumulate being
two operations. A figure that nobody published is absent; a number format that the hardware lacks stands in
`unsupported_dtypes` and has no rate. `[model]` holds what the cost model needs beyond that (`keys.MODEL`), in the same
form; `[[precisions]]` which number formats public software reaches, with its version and date; `[[rules]]` the
constraints; `[[partitions]]` the parts that a program can have to itself. Units that the cost model counts may be finer
than those of `[specs]`, where the parts of a device's matrix units are documented (RNGD: 512 slices in 8 elements).

**Kinds.** Figures come from notes that distinguish more ways of knowing than `npusdk.values.KINDS`. The mapping never
makes one stronger:

==============================================  ==========================================================
read in the vendor's own document or code       vendor
published measurement                           measured
arithmetic on cited values                      derived; assumed where one of the values is a guess
the vendor, quoted by somebody else             secondary
sample output in the vendor's documentation     secondary
third party's page or file                      secondary
taken over from a sibling product               assumed
somebody's estimate                             assumed
general knowledge, no source read               assumed
not found                                       (absent)
the hardware lacks the number format            in `unsupported_dtypes`; derived, or weaker where the list is
==============================================  ==========================================================

**A missing figure.** A parameter of the cost model is looked up in `[model]`, then in `[specs]`, then in the table
`MISSING`, which has one rule for each: omit the term, take the default of the device's class (kind "assumed"), or
refuse.

====================================  =========================================================================
units, clock, matrix rate             refuse: `PrecisionError` names the figure and the rates that there are
usable on-chip memory                 omit: nothing stays on chip
on-chip bandwidth                     omit: the term is zero
memory bandwidth                      the host link stands in: memory that is not there is the host's
host bandwidth, vector rate, lanes    default of the class
style, overlap, pinning of weights    default of the class
efficiencies, overheads               default of the class: the priors of the cost model, before any calibration
partitions, chunks of the batch       default of the class: neither the device nor a batch is divided
link between devices                  default of the class: none, so that collectives go over the host link
TDP, idle power, energies             omit: no power and no energy is predicted
====================================  =========================================================================

`cost_parameters` applies it and lists what was assumed. Usable on-chip memory is 0.9 of a scratchpad (0.7 on IPUs,
whose tiles hold programs too), 0.5 of the L2 of A100, H100 and H200, which is two partitions, and 0.75 of the T4's.

**Power.** `power_boundary` says what `tdp_w` covers: "card", a card or module with its memory, or "system", a share of
a machine with its host, as published for IPUs in 1U machines and for Orion; "chip" for a teaching device. Powers of
different boundaries are not to be compared. Energies of a multiply-accumulate and of a byte are judgement, by process
node and type of memory; a format without a judgement of its own follows its matrix rate inversely.

**Teaching devices** (`systolic-16x16`, `-ws`, `-is`) are made by rule from their names and are in no list; see
`teaching`.

**Operators** (`operators/<family>.toml`): what the vendor's list says of each ONNX operator, and of those that it
leaves out.
"""

from npusdk.catalogue.keys import MODEL, PRECISIONS, SPECS
from npusdk.catalogue.lookup import device_ids, device_names, filter_devices, find_device, is_device_name, load_devices
from npusdk.catalogue.missing import MISSING, Rule
from npusdk.catalogue.operators import OperatorList, OperatorSupport, load_operators
from npusdk.catalogue.parameters import Assumption, CostParameters, cost_parameters
from npusdk.catalogue.records import DeviceRule, DeviceSpec, Partition, Precision
from npusdk.catalogue.selection import DeviceList

__all__ = [
    "MISSING",
    "MODEL",
    "PRECISIONS",
    "SPECS",
    "Assumption",
    "CostParameters",
    "DeviceList",
    "DeviceRule",
    "DeviceSpec",
    "OperatorList",
    "OperatorSupport",
    "Partition",
    "Precision",
    "Rule",
    "cost_parameters",
    "device_ids",
    "device_names",
    "filter_devices",
    "find_device",
    "is_device_name",
    "load_devices",
    "load_operators",
]
