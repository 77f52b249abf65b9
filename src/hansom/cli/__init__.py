"""The `./hansom` command line."""
