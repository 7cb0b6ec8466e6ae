"""What GreenAsk knows: records, the starter data, import, validation and the statistics ledger."""
