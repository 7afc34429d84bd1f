"""Small surfaces that open beside what they are about and close by themselves."""
