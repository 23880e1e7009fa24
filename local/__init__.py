"""The laptop stack: Kusto, the Functions host and Azurite without Azure, and the `./dev` command line."""
