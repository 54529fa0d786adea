"""What keeps the book in step with itself and with the package."""
