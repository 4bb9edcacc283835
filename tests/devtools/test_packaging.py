"""The container image and the compose file, as far as they can be tried without Docker."""

import fnmatch
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from devtools import ROOT
from devtools.commands.demo import PYTHON, celery_commands, web_command

LONG_RUNNING = {"web", "realtime", "bulk", "beat", "db", "redis"}
OURS = {"web", "realtime", "bulk", "beat", "migrate"}
# What the compose specification knows of a service, and what of that we use: a misspelt word is found here.
SERVICE_KEYS = {
    "image", "pull_policy", "build", "command", "restart", "env_file", "environment", "depends_on", "ports", "volumes",
    "healthcheck", "stop_grace_period", "cap_drop", "security_opt",
}  # fmt: skip
HEALTH_KEYS = {"test", "interval", "timeout", "start_period", "retries"}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
DURATION = re.compile(r"(\d+(ms|s|m|h))+")
NEVER_IN_THE_IMAGE = {
    *("sandbox", "devtools", "tests", "bench", "contract", "fuzz", "dev", "docs"),
    *(".git", ".env", ".venv", ".calsync"),
}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def services(compose) -> dict[str, Any]:
    return compose["services"]


@pytest.fixture(scope="module")
def stages() -> list[list[str]]:
    """The Dockerfile's instructions, those of each stage by themselves."""
    lines = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    found: list[list[str]] = []
    for line in lines:
        if line.startswith("FROM "):
            found.append([])
        if found and line.strip() and not line.startswith("#"):
            found[-1].append(" ".join(line.split()))
    return found


@pytest.fixture(scope="module")
def context(tmp_path_factory) -> Path:
    """What the .dockerignore lets Docker see of a clone: the files that git knows, without the ignored ones."""
    known = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    names = known.stdout.splitlines() or [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file()]
    folder = tmp_path_factory.mktemp("context")
    for name in names:
        if is_sent(name) and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    return folder


def is_sent(name: str) -> bool:
    """Whether .dockerignore leaves this file in the context: the last line that fits decides."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.strip()
        if pattern and not pattern.startswith("#") and fits(name, pattern.removeprefix("!")):
            sent = pattern.startswith("!")
    return sent


def fits(name: str, pattern: str) -> bool:
    """Whether the pattern means this file or a folder above it; `**/` is any number of folders, also none."""
    parts = name.split("/")
    above = ["/".join(parts[: count + 1]) for count in range(len(parts))]
    if pattern.startswith("**/"):
        return any(fnmatch.fnmatchcase(part, pattern[3:]) for part in parts)
    return any(path.count("/") == pattern.count("/") and fnmatch.fnmatchcase(path, pattern) for path in above)


def test_the_services_are_the_processes_of_the_product_and_its_servers(services):
    assert set(services) == OURS | {"db", "redis"}
    assert services["realtime"]["command"].startswith("celery -A calsync worker -Q realtime ")
    assert services["bulk"]["command"].startswith("celery -A calsync worker -Q bulk ")
    assert services["beat"]["command"].startswith("celery -A calsync beat ")
    assert services["migrate"]["command"] == "python manage.py migrate --noinput"
    assert "command" not in services["web"]  # the image's own, which is gunicorn


def test_the_demo_runs_the_same_processes(services, stages):
    image_command = next(line for line in stages[-1] if line.startswith("CMD "))
    demo = {name: " ".join(command) for name, command in celery_commands(ROOT).items()}

    assert "gunicorn" in web_command("127.0.0.1", 8000)
    assert '"gunicorn", "calsync.wsgi"' in image_command
    assert set(demo) == {"realtime", "bulk", "beat"}
    for name, command in demo.items():
        assert services[name]["command"].split("-A calsync ")[1].split(" --")[0] in command
        assert command.startswith(PYTHON)


def test_every_service_uses_words_that_compose_knows(compose, services):
    assert {key for key in compose if not key.startswith("x-")} == {"services", "volumes"}
    for name, service in services.items():
        assert set(service) <= SERVICE_KEYS, name
        health = service.get("healthcheck", {})
        assert set(health) <= HEALTH_KEYS, name
        assert not health or health["test"][0] in ("CMD", "CMD-SHELL")
        durations = [health[key] for key in ("interval", "timeout", "start_period") if key in health]
        assert all(DURATION.fullmatch(text) for text in [*durations, service.get("stop_grace_period", "1s")]), name
        assert all(wish["condition"] in CONDITIONS for wish in service.get("depends_on", {}).values()), name


def test_every_process_that_keeps_running_has_a_health_check_and_comes_back(services):
    assert {name for name, service in services.items() if "healthcheck" in service} == LONG_RUNNING
    assert all(services[name]["restart"] == "unless-stopped" for name in LONG_RUNNING)


def test_services_wait_for_services_that_exist_and_can_say_that_they_are_healthy(services):
    for service in services.values():
        for name, wish in service.get("depends_on", {}).items():
            assert wish["condition"] != "service_healthy" or "healthcheck" in services[name]


def test_nothing_starts_before_the_tables_are_there(services):
    for name in OURS - {"migrate"}:
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert services["migrate"]["depends_on"]["db"]["condition"] == "service_healthy"


def test_named_volumes_are_declared_and_hold_what_must_last(compose, services):
    used = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", [])}

    assert used == set(compose["volumes"])
    assert services["db"]["volumes"]
    assert services["redis"]["volumes"]


def test_only_the_web_server_is_reached_and_only_from_this_machine(services):
    ports = {name: service["ports"] for name, service in services.items() if "ports" in service}

    assert ports == {"web": ["127.0.0.1:8000:8000"]}


def test_our_own_image_is_built_once_and_never_fetched(services):
    assert {services[name]["image"] for name in OURS} == {"calsync:local"}
    assert services["web"]["pull_policy"] == "build"
    assert {services[name]["pull_policy"] for name in OURS - {"web"}} == {"never"}


def test_images_of_others_are_pinned_to_a_version(services, stages):
    fetched = [services[name]["image"] for name in ("db", "redis")]
    fetched += [stage[0].split()[1] for stage in stages]

    assert all(re.search(r":\d+(\.\d+)?", image) for image in fetched), fetched


def test_the_last_stage_runs_as_somebody_without_rights_and_without_development_packages(stages):
    last = stages[-1]
    users = [line.split()[1] for line in last if line.startswith("USER ")]

    assert len(stages) > 2
    assert users
    assert users[-1] not in ("root", "0")
    assert not any("requirements-dev" in line for stage in stages for line in stage)
    assert last.index(f"USER {users[-1]}") < next(i for i, line in enumerate(last) if line.startswith("CMD"))


def test_the_image_gets_no_sandbox_no_tools_no_tests_and_no_secrets(context):
    assert {path.name for path in context.iterdir()} & NEVER_IN_THE_IMAGE == set()
    assert not list(context.rglob("__pycache__"))
    assert not list(context.rglob("node_modules"))
    assert not list(context.rglob(".env*"))


def test_every_app_that_is_installed_is_in_the_image(context):
    from django.apps import apps

    ours = {Path(app.path).name for app in apps.get_app_configs() if Path(app.path).parent == ROOT}

    assert ours <= {path.name for path in context.iterdir()}


def test_what_is_in_the_image_suffices_to_collect_the_static_files_as_the_image_does(context, stages):
    (line,) = (line for line in stages[-1] if "collectstatic" in line)
    assert (ROOT / "static" / "vendor").is_dir(), "the browser packages are not built"
    shutil.copytree(ROOT / "static" / "vendor", context / "static" / "vendor", dirs_exist_ok=True)
    values = dict(re.findall(r"([A-Z_]+)=(\S+)", line))
    env = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "calsync.settings", **values}

    for command in (["collectstatic", "--noinput"], ["check"]):
        done = subprocess.run(
            [sys.executable, "manage.py", *command], cwd=context, env=env, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()

    assert (context / "staticfiles" / "staticfiles.json").exists()


@pytest.mark.parametrize(("age", "status"), [(60, 0), (3600, 1), (None, 1)])
def test_the_health_check_of_beat_looks_at_when_it_wrote_its_schedule(services, tmp_path, age, status):
    code = services["beat"]["healthcheck"]["test"][-1].replace("/tmp/celerybeat", f"{tmp_path}/celerybeat")  # noqa: S108
    if age is not None:
        (tmp_path / "celerybeat-schedule").touch()
        os.utime(tmp_path / "celerybeat-schedule", (time.time() - age,) * 2)

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == status
