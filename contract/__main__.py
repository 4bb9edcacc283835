"""`python -m contract`: every client against the sandbox that CALSYNC_SANDBOX describes; 1 when something differs."""

import asyncio
import logging
import sys

from contract import msgraph_client, o365_client
from contract.report import Report
from contract.stage import Stage


def main() -> int:
    """Run the steps of each client; return 1 when one differs, else 0."""
    logging.disable(logging.CRITICAL)  # the clients write about every refusal, which here is what was wanted
    stage = Stage.of_the_environment()
    reports = [Report("msgraph-sdk"), Report("O365")]
    stage.reset()
    asyncio.run(msgraph_client.run(stage, reports[0]))
    stage.reset()
    o365_client.run(stage, reports[1])
    steps, differing = (sum(getattr(report, name) for report in reports) for name in ("steps", "differing"))
    print(f"{steps} steps, {differing} differ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
