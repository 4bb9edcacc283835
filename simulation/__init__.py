"""A seeded simulation: people, Outlook, faults and crashes against the real engine, database and driver.

Everything that happens follows from a seed. After it the invariants are held against what the sandbox knows.
"""
