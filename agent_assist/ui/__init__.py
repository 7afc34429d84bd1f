"""The window: widgets show domain values and emit signals, controllers connect them to services."""
