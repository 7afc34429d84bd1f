"""What a reply may say, by our rules and the lead's."""
