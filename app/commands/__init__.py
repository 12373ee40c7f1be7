"""What stands behind the commands of `hotline` that have no other home."""
