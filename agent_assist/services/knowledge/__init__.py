"""Articles, their vectors, and the search in them."""
