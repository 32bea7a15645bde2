"""Reference networks, built from their published architectures; their weights are drawn when somebody runs them."""

from npusdk.zoo.entry import Entry, Make, Size
from npusdk.zoo.network import BATCH, Network

__all__ = ["BATCH", "Entry", "Make", "Network", "Size"]
