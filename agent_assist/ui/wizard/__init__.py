"""The first run: model, knowledge, a first draft."""
