"""Agent Assist: grounded draft replies for customer support, made on the agent's own machine."""

__version__ = "0.1.0"
