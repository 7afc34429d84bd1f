"""Measures what is served, through the product's own drafting, against the model in use."""
