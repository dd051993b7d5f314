"""Sends generated requests to the administration over HTTP, as /v1/openapi.json describes it: no answer is a server
error, and none has a status or a shape that is not described."""

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

JERAKIA = Path(os.environ["JERAKIA"]).resolve()
EXAMPLES = os.environ.get("EXAMPLES", "40")
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "ignored_auth",
    "unsupported_method",
]
# Acts that must be among those that were done: else the requests were too bad to test anything.
ACTS = {"create", "update", "enable", "disable", "rotate", "regenerate", "delete"}


def main():
    with tempfile.TemporaryDirectory() as directory:
        environment = {"PATH": os.environ["PATH"], "JERAKIA_DATABASEDIR": f"{directory}/db"}

        def jerakia(*arguments):
            done = subprocess.run([JERAKIA, *arguments], env=environment, check=True, capture_output=True, text=True)
            return done.stdout.strip()

        token = jerakia("token", "create", "admin", "--quiet", "--grant", "**", "--grant", "tokens:**")
        log = Path(directory) / "log"
        command = [JERAKIA, "server", "--port", "0", "--admin-api", "true"]
        with log.open("w") as stderr, subprocess.Popen(command, env=environment, stderr=stderr) as server:
            try:
                url = listening(log, server)
                # Any API ID, and one that there is until it is deleted.
                others = ["--exclude-path", "/v1/whoami"]
                run(url, token, directory, [], others)
                jerakia("token", "create", "app", "--quiet", "--grant", "lookup:**")
                run(url, token, directory, ["[parameters]", '"path.api_id" = "app"'], others)
                # Last, with a token that may revoke itself.
                own = jerakia("token", "create", "own", "--quiet")
                run(url, own, directory, [], ["--include-path", "/v1/whoami"])
                acts = done_acts(url, token)
            finally:
                server.terminate()
        if "panic" in log.read_text():
            sys.exit(f"The server panicked:\n{log.read_text()}")
    if ACTS - acts:
        sys.exit(f"No request did this: {', '.join(sorted(ACTS - acts))}")
    print(f"Done by generated requests: {', '.join(sorted(acts))}")


def listening(log, server):
    """The address, once the server has said it."""
    while server.poll() is None:
        for line in log.read_text().splitlines():
            if line.startswith("listening on "):
                return line.removeprefix("listening on ")
    sys.exit(f"The server has ended:\n{log.read_text()}")


def run(url, token, directory, config, operations):
    """Sends requests."""
    file = Path(directory) / "schemathesis.toml"
    file.write_text("\n".join([f'hooks = "{Path(__file__).parent / "hooks.py"}"', *config]))
    program = [Path(sys.executable).parent / "st", "--config-file", file, "run", f"{url}/v1/openapi.json"]
    options = ["--header", f"X-Authentication: {token}", "--checks", ",".join(CHECKS), "--max-examples", EXAMPLES]
    options += ["--phases", "examples,coverage,fuzzing", *operations]
    options += ["--seed", "1", "--generation-database", "none", "--no-color", "--warnings", "off"]
    ended = subprocess.run([*program, *options], check=False, cwd=directory, capture_output=True, text=True)
    output = ended.stdout.replace(token, "<token>")
    if ended.returncode != 0:
        sys.exit(f"{output}\n{ended.stderr}")
    print("\n".join(output.splitlines()[-12:]))


def done_acts(url, token):
    """The acts over HTTP that were done."""
    acts, cursor = set(), ""
    while cursor is not None:
        request = urllib.request.Request(f"{url}/v1/audit?limit=1000&cursor={cursor or 0}")
        request.add_header("X-Authentication", token)
        with urllib.request.urlopen(request) as response:
            page = json.load(response)
        acts |= {it["act"] for it in page["payload"] if it["request_id"] and it["outcome"] == "done"}
        cursor = page["next"]
    return acts


main()
