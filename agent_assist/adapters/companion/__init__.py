"""The browser's side of the companion on this machine: the native host, and its registration."""
