"""The availability calendar: whom it shows, as JSON for the grid and as a list."""
