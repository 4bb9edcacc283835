"""The page of one instructor: what is planned, what stands in Outlook, what was pulled."""
