"""Operator to NumPy function: the one place where an operator computes."""

from npusdk.kernels.inplace import BLOCK, INPLACE, InPlace
from npusdk.kernels.signature import Inputs, Kernel, Outputs
from npusdk.kernels.table import KERNELS, call

__all__ = ["BLOCK", "INPLACE", "KERNELS", "InPlace", "Inputs", "Kernel", "Outputs", "call"]
