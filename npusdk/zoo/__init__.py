"""Reference networks, built from their published architectures; their weights are drawn when somebody runs them."""

from npusdk.zoo.entry import LARGEST, Entry, Make, Size
from npusdk.zoo.network import BATCH, Network
from npusdk.zoo.registry import ZOO, build, find_entry

__all__ = ["BATCH", "LARGEST", "ZOO", "Entry", "Make", "Network", "Size", "build", "find_entry"]
