"""Operator to NumPy function: the one place where an operator computes."""
