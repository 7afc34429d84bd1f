"""The command line: each command parses its options, calls one service and prints."""

from agent_assist.cli.main import main

__all__ = ["main"]
