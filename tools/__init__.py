"""What the book needs and the package must not know: executing, stamping and validating its chapters."""
