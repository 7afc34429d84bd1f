"""Windows that open above the main one: unlock, article, difference, export."""
