"""`python -m agent_assist` is the same command as `agent-assist`.

A frozen application is also its own workers: `--worker NAME` makes this process one.
"""

from __future__ import annotations

import sys

WORKER = "--worker"


def main() -> None:
    """Be the worker that the command line names, or else the command line of a person."""
    if len(sys.argv) == 3 and sys.argv[1] == WORKER:
        from agent_assist.adapters.workers.process import run_worker

        run_worker(sys.argv[2])
        return
    from agent_assist.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
