"""What adapters share: bytes out of their wrappings, code tables, and the parts of protocols too large for one file."""
