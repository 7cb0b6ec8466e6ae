"""GreenAsk in Telegram. Imported by ``greenask telegram`` and ``greenask start`` only."""
