"""The list of events and the page of one: what is planned, and what became of it in each calendar."""
