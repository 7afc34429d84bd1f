"""Drafts: from an opened ticket to a checked suggestion."""
