"""Office and web documents to Markdown, in a process that may crash or hang without harm."""
