"""What the project needs and the package must not know: making its records, keeping its book in step."""
