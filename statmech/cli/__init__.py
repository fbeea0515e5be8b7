"""The command line: parsing (main), what the commands do, and the machine report."""
