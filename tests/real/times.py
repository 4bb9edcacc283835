"""Short times, so that nobody waits for long until what a dead worker held is free again."""

SHORT = {"SYNC_LEASE_SECONDS": "4", "SYNC_INTERVAL_SECONDS": "2"}
