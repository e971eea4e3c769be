"""What the destination `salesforce` is made of: the connection, records, look-ups, collections and bulk jobs."""
