"""Models, what is learnt, and how it is put into use."""
