"""What the conversation asks for. Services return facts and records, never sentences."""
