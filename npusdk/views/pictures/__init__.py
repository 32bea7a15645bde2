"""Pictures of reports as SVG, drawn by a small writer of our own."""

from npusdk.views.pictures.frontier import frontier
from npusdk.views.pictures.memory import memory
from npusdk.views.pictures.ranking import energy, latency, price, throughput
from npusdk.views.pictures.roofline import roofline
from npusdk.views.pictures.timeline import timeline

__all__ = ["energy", "frontier", "latency", "memory", "price", "roofline", "throughput", "timeline"]
