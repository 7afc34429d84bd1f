"""Retrieval learns, too: the encoder is tuned on questions and the articles that answered them."""
