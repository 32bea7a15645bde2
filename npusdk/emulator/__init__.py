"""Runs plans in NumPy with the numbers of their devices. Knows neither cost nor clocks."""

from npusdk.emulator.executor import Executor

__all__ = ["Executor"]
