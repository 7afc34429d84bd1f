"""What keeps customers' data safe: keys, erasure, retention, the look at it all."""
