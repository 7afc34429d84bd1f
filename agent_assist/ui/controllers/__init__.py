"""Connects widgets to services; each controller minds one concern."""
