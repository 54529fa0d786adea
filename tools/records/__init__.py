"""What makes the records that ship with the package and with the site."""
