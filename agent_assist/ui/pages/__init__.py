"""The pages beside the desk itself; `ui.places` names them, each is imported when it is first opened."""
