"""What the product talks about: frozen values and pure functions, on the standard library alone."""
