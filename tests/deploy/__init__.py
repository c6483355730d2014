"""What is deployed: images, the stages that run in them, and what they install."""
