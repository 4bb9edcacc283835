"""The pages of the Instructors tab."""
