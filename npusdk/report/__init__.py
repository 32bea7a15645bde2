"""Versioned reports: frozen data whose invariants are checked when one is made; a view is a function of a report."""

from npusdk.report.base import SCHEMA_VERSION, Report
from npusdk.report.cell import CellReport, Manifest, ManifestItem
from npusdk.report.codes import CODES, Note, explain
from npusdk.report.comparison import Best, Comparison, Refusal
from npusdk.report.fit import DeviceFit, Evidence, Finding, FitReport, MemoryNeed
from npusdk.report.grounds import Advice, Provenance, Sensitivity
from npusdk.report.later import Later
from npusdk.report.layers import BOUNDS, TERMS, LayerCost, LayerTable
from npusdk.report.listing import LayerListing
from npusdk.report.parallel import Parallel
from npusdk.report.picture import Picture
from npusdk.report.profile import ProfileReport, Reachability
from npusdk.report.serving import ServingReport, Span
from npusdk.report.validation import ValidationReport

__all__ = [
    "BOUNDS",
    "CODES",
    "SCHEMA_VERSION",
    "TERMS",
    "Advice",
    "Best",
    "CellReport",
    "Comparison",
    "DeviceFit",
    "Evidence",
    "Finding",
    "FitReport",
    "Later",
    "LayerCost",
    "LayerListing",
    "LayerTable",
    "Manifest",
    "ManifestItem",
    "MemoryNeed",
    "Note",
    "Parallel",
    "Picture",
    "ProfileReport",
    "Provenance",
    "Reachability",
    "Refusal",
    "Report",
    "Sensitivity",
    "ServingReport",
    "Span",
    "ValidationReport",
    "explain",
]
