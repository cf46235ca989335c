"""The assistant: channels, conversation, services, storage."""
