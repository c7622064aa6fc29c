"""Dockerfile and compose.yaml, read and checked where no engine can run them."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = (ROOT / "compose.yaml").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
ENV_EXAMPLE = (ROOT / ".env.example").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE)["services"]
OURS = [name for name, service in SERVICES.items() if service["image"] == "funnel-site"]
SECRET_NAME = re.compile(r"PASSWORD|SECRET|TOKEN|KEY", re.IGNORECASE)


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions and their arguments, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", DOCKERFILE)
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def test_compose_has_every_part_of_the_site() -> None:
    parts = {"web", "worker", "beat", "migrate", "postgres", "redis", "minio", "bucket"}

    assert set(SERVICES) == parts
    assert set(OURS) == {"web", "worker", "beat", "migrate"}


def test_every_variable_of_compose_is_in_the_example() -> None:
    known = set(re.findall(r"^#?\s*([A-Z][A-Z0-9_]+)=", ENV_EXAMPLE, re.MULTILINE))
    asked = set(re.findall(r"(?<!\$)\$\{([A-Z0-9_]+)", COMPOSE))
    given = {name for service in OURS for name in SERVICES[service].get("environment", {})}

    assert asked | given <= known


def test_compose_asks_for_every_secret_and_has_none() -> None:
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if SECRET_NAME.search(variable):
                assert re.fullmatch(r"\$\{[A-Z0-9_]+:\?.+\}", value), f"{name}: {variable}"
    assert not re.search(r"\$\{[A-Z0-9_]+:?-", COMPOSE)
    for password in re.findall(r"://[^\s:/]*:([^\s]+?)@", COMPOSE):
        assert password.startswith("${"), "a password in an address"


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_watched_or_says_why_not(name: str) -> None:
    healthcheck = SERVICES[name].get("healthcheck", {})

    if healthcheck.get("disable"):
        block = COMPOSE.split(f"\n  {name}:\n", 1)[1].split("\n\n", 1)[0]
        assert re.search(r"disable: true\}\s+# \w+", block)
    elif "test" not in healthcheck:
        assert name == "web"
        assert "HEALTHCHECK" in dict(instructions())


@pytest.mark.parametrize("name", SERVICES)
def test_no_health_check_counts_on_a_shell_that_is_not_there(name: str) -> None:
    test = SERVICES[name].get("healthcheck", {}).get("test", ["CMD"])

    assert test[0] == "CMD-SHELL" or not any("$$" in word for word in test)


@pytest.mark.parametrize("name", SERVICES)
def test_services_wait_for_what_they_need(name: str) -> None:
    waits = SERVICES[name].get("depends_on", {})

    for other, condition in waits.items():
        once = SERVICES[other]["restart"] == "no"
        wanted = "service_completed_successfully" if once else "service_healthy"
        assert condition == {"condition": wanted}
    if name in OURS:
        assert ("postgres" if name == "migrate" else "migrate") in waits


@pytest.mark.parametrize("name", OURS)
def test_our_services_can_do_no_more_than_they_must(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]


def test_what_must_survive_lies_in_named_volumes() -> None:
    named = yaml.safe_load(COMPOSE)["volumes"]

    for name in ("web", "postgres", "redis", "minio"):
        assert any(volume.split(":")[0] in named for volume in SERVICES[name]["volumes"])


def test_postgresql_and_redis_lose_nothing_that_was_acknowledged() -> None:
    assert {"-csynchronous_commit=on", "-cfsync=on", "-cfull_page_writes=on"} <= set(
        SERVICES["postgres"]["command"]
    )
    redis = " ".join(SERVICES["redis"]["command"])
    assert "--appendonly yes" in redis
    assert "--maxmemory-policy noeviction" in redis


def test_the_image_ends_as_a_user_of_its_own() -> None:
    users = [argument for word, argument in instructions() if word == "USER"]

    assert users[-1] not in ("root", "0")


def test_the_image_installs_only_what_is_locked() -> None:
    installs = [text for word, text in instructions() if word == "RUN" and "pip install" in text]

    assert installs
    assert all("--require-hashes -r requirements.txt" in text for text in installs)


def test_the_image_holds_no_secret() -> None:
    for word, argument in instructions():
        if word in ("ENV", "ARG", "LABEL"):
            assert not SECRET_NAME.search(argument)
    assert ".env" in (ROOT / ".dockerignore").read_text().splitlines()


def test_the_image_asks_for_its_health_under_the_public_name() -> None:
    """Any other Host is answered 400 once ALLOWED_HOSTS is that of a real site."""
    [check] = [text for word, text in instructions() if word == "HEALTHCHECK"]

    assert "/healthz" in check
    assert "PUBLIC_BASE_URL" in check


def test_volumes_over_the_image_belong_to_its_user() -> None:
    """Docker makes a folder that the image lacks for root, and uploads would fail."""
    owned = " ".join(text for word, text in instructions() if "install -d -o" in text)

    for volume in SERVICES["web"]["volumes"]:
        assert volume.split(":")[1] in owned.split()
