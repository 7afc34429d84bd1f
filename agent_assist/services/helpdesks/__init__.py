"""Connected helpdesks: what comes from them, and replies on their way to them."""
