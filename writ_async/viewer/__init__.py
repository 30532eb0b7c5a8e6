"""`writ view`: rows of runs and of others' files in a browser, from a server of this machine's own or as files."""
