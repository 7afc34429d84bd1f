"""From exports, solved tickets and feedback to examples that are clean, redacted, balanced and split."""
