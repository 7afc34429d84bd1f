"""Where replies go: one file a helpdesk system."""
