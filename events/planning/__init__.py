"""Planning an event: what was typed, what it means, whom it suits, and what is saved of it."""
