"""`python -m agent_assist` is the same command as `agent-assist`."""

from agent_assist.cli import main

if __name__ == "__main__":
    main()
