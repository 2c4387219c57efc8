"""What platforms tell us: verified before it is believed, answered as each of them expects."""
