"""Graph x device -> plan: composites, legality, fusion and arithmetic, one pass a file; runs and times nothing."""
