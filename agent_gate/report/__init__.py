"""What was found out about a change, in the formats of others. Pure: values in, text out."""
