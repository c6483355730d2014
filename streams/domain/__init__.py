"""What the hub decides: pure functions over what is known of one person. Standard library only."""
