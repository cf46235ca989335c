"""The conversation: pages, the links between them, and the way from a message to a page."""
