"""The boundaries of the hub: what each promises, and how it fails."""
