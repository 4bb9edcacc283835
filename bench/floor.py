"""The least that an idle cycle can cost: the same batches by bare `requests` over threads, keeping no state.

A program (`python -m bench.floor`): reads where to and what from standard input, sends it all twice and prints what
each time took. The token does not count; the connections do, the first time.
"""

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from bench.figures import taken

WIDTH, THREADS = 20, 3
local = threading.local()


def main() -> None:
    given = json.load(sys.stdin)
    token = fetch_token(given["line"])
    batches = [given["parts"][first : first + WIDTH] for first in range(0, len(given["parts"]), WIDTH)]
    with ThreadPoolExecutor(THREADS) as pool:

        def send_all() -> None:
            answers = list(pool.map(lambda parts: send(given["line"], token, parts), batches))
            statuses = [part["status"] for answer in answers for part in answer["responses"]]
            assert statuses == [200] * len(given["parts"]), "the floor's requests were refused"

        print(json.dumps([taken(send_all), taken(send_all)]))


def fetch_token(line: dict[str, str]) -> str:
    form = {"grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default"}
    form |= {name: line[name] for name in ("client_id", "client_secret")}
    url = f"{line['login_url']}/{line['tenant_id']}/oauth2/v2.0/token"
    answer = requests.post(url, data=form, verify=line["ca_file"], timeout=60)
    answer.raise_for_status()
    return str(answer.json()["access_token"])


def send(line: dict[str, str], token: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Post one batch and parse its answer."""
    if not hasattr(local, "session"):
        local.session = requests.Session()
    answer = local.session.post(
        f"{line['graph_url']}/v1.0/$batch",
        json={"requests": parts},
        headers={"Authorization": f"Bearer {token}"},
        verify=line["ca_file"],
        timeout=60,
    )
    answer.raise_for_status()
    return dict(answer.json())


if __name__ == "__main__":
    main()
