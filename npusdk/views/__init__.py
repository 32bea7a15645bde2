"""What a person sees of a report: each view is a function of the report alone."""
