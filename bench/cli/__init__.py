"""Commands: click options and help only, a file a command; what they do is in `bench.app`."""
