"""Fitting the cost model on published measurements, and judging it on anybody's."""
