"""What agents do with drafts: kept, exported, remembered."""
