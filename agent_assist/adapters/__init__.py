"""The outside world, each part behind a protocol of `agent_assist.ports`."""
