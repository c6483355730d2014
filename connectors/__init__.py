"""What each agency sends and receives, and how it is carried."""
