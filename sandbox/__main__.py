"""Start the sandbox: python -m sandbox --port 8443."""

from sandbox.command import main

if __name__ == "__main__":
    main()
