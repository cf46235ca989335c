"""The `motcua` command: the one place that knows both the bot and the indexer."""
