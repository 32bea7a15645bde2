"""Reports as plain text: the same in every terminal, in both languages."""

from npusdk.views.page import WIDTH
from npusdk.views.text.cell_page import cell, manifest
from npusdk.views.text.comparison_page import comparison
from npusdk.views.text.device_page import device, devices
from npusdk.views.text.examination_page import examination
from npusdk.views.text.fit_page import fit
from npusdk.views.text.layers_page import layer_table, listing, picture
from npusdk.views.text.profile_page import profile
from npusdk.views.text.serving_page import serving
from npusdk.views.text.validation_page import validation

__all__ = [
    "WIDTH",
    "cell",
    "comparison",
    "device",
    "devices",
    "examination",
    "fit",
    "layer_table",
    "listing",
    "manifest",
    "picture",
    "profile",
    "serving",
    "validation",
]
