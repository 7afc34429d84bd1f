"""Child processes that own a model: the framing they speak and the supervisor that keeps them alive."""
