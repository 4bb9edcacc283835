"""One module per command of `./dev`; each has `main(arguments)`, which returns the exit status."""
