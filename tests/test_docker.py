"""What the files under docker/ promise, read as text: no container engine is needed."""

import json
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
LOCK = "requirements.lock"


@dataclass(frozen=True)
class Instruction:
    """One instruction of a Dockerfile and the stage it belongs to, counted from 0."""

    stage: int
    name: str
    value: str

    def words(self) -> list[str]:
        """The words that are no flags, of the shell form or the JSON form."""
        words = json.loads(self.value) if self.value.startswith("[") else shlex.split(self.value)
        return [word for word in words if not word.startswith("--")]


@pytest.fixture(scope="module")
def dockerfile() -> list[Instruction]:
    lines = (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#")).replace("\\\n", " ")
    instructions: list[Instruction] = []
    stage = -1
    for line in filter(None, map(str.strip, text.splitlines())):
        name, _, value = line.partition(" ")
        stage += name == "FROM"
        instructions.append(Instruction(stage, name, value.strip()))
    return instructions


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8"))


def last(instructions: list[Instruction], name: str) -> Instruction:
    """The last instruction of that name in the final stage, the one that counts."""
    final = instructions[-1].stage
    return [each for each in instructions if each.name == name and each.stage == final][-1]


def sources(instructions: list[Instruction]) -> list[str]:
    """The paths that COPY takes from the checkout."""
    copies = [each for each in instructions if each.name == "COPY" and "--from=" not in each.value]
    return [source.rstrip("/") for copy in copies for source in copy.words()[:-1]]


def test_user(dockerfile):
    """The image runs as a user that is not root, given by number so that an orchestrator can check it."""
    user = last(dockerfile, "USER").value
    assert all(part.isdigit() and int(part) > 0 for part in user.split(":"))


def test_stages(dockerfile):
    """The image that ships is a slim one that builds nothing, of a Python the project supports."""
    bases = [each.words()[0] for each in dockerfile if each.name == "FROM"]
    assert len(bases) > 1
    assert set(bases) == {"python:3.11-slim"}
    assert not [each for each in dockerfile if each.stage == len(bases) - 1 and "pip install" in each.value]


def test_lock(dockerfile):
    """Every package in the image comes from the lock and is checked against its hashes."""
    runs = [each.value for each in dockerfile if each.name == "RUN"]
    installs = [part for run in runs for part in run.split("&&") if "pip install" in part]
    assert any(f"-r {LOCK}" in install for install in installs)
    for install in installs:
        assert "--require-hashes" in install or "--no-deps" in install
        assert "-r first.lock" in install or "--no-build-isolation" in install


def test_copies(dockerfile):
    """Everything the Dockerfile copies is in the checkout, and all three packages are copied."""
    copied = sources(dockerfile)
    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert {"bot", "retrieval", "knowledge"} <= set(copied)


def test_context(dockerfile):
    """The build context holds what the Dockerfile copies and nothing else."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert sorted(rule[1:] for rule in rules if rule.startswith("!")) == sorted(sources(dockerfile))


def test_data(dockerfile):
    """Data lives in the volume /data, which belongs to the user that runs."""
    volume = last(dockerfile, "VOLUME").words()
    owner = next(each.value for each in dockerfile if "install --directory" in each.value)
    assert volume == ["/data"]
    assert "GREENASK_DATA_DIR=/data" in last(dockerfile, "ENV").value
    assert "--owner=greenask" in owner
    assert owner.endswith("/data")


def test_commands(dockerfile):
    """The image is the greenask command: it chats unless told otherwise, and its health is what the doctor says."""
    assert last(dockerfile, "ENTRYPOINT").words() == ["greenask"]
    assert last(dockerfile, "CMD").words() == ["chat"]
    assert last(dockerfile, "HEALTHCHECK").value.endswith('CMD ["greenask", "doctor"]')


def test_compose_build(compose):
    """Compose builds this Dockerfile from the root of the checkout."""
    build = compose["services"]["greenask"]["build"]
    context = (ROOT / "docker" / build["context"]).resolve()
    assert context == ROOT.resolve()
    assert (context / build["dockerfile"]).is_file()


def test_compose_volume(compose, dockerfile):
    """Compose keeps the image's volume under a name it declares, so that an answer tomorrow knows today's data."""
    name, target = compose["services"]["greenask"]["volumes"][0].split(":")
    assert name in compose["volumes"]
    assert target == last(dockerfile, "VOLUME").value


def test_compose_terminal(compose):
    """A person can chat in the container: it has a terminal and keeps input open."""
    service = compose["services"]["greenask"]
    assert service["tty"]
    assert service["stdin_open"]


@pytest.mark.parametrize("lock", [LOCK, "requirements-dev.lock"])
def test_locks(lock):
    """A lock pins every package with its hashes and names no address to fetch it from."""
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    starts = [number for number, line in enumerate(lines) if line and line[0] not in "# "]
    assert starts
    assert "://" not in "\n".join(lines)
    for number in starts:
        assert "==" in lines[number]
        assert lines[number + 1].strip().startswith("--hash=sha256:")


def test_locks_agree():
    """What is tested is what is installed: the development lock holds every pin of the other."""

    def pins(lock: str) -> set[str]:
        lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
        return {line.rstrip(" \\") for line in lines if line[0] not in "# "}

    assert pins(LOCK) <= pins("requirements-dev.lock")
