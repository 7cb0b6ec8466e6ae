"""Settings: one frozen object, read once from GREENASK_* variables (and a .env file beside where the command runs)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from retrieval.language import parse

PREFIX = "GREENASK_"
CHECKOUT = Path(__file__).resolve().parent.parent
# Salt and hash in URL-safe base64; no sign in it means anything to a shell, to Compose or to a .env file.
TOKEN_HASH = re.compile(r"scrypt:(\d{1,7}):(\d{1,2}):(\d{1,2}):([\w-]{16,}={0,2}):([\w-]{32,}={0,2})", re.ASCII)

TELEGRAM_TOKEN = re.compile(r"\d{3,20}:[\w-]{10,}", re.ASCII)

MODEL_JOBS = ("write", "rewrite", "translate")

_LONGEST = 3650  # days
_DAY = 1440  # minutes
_MODEL = re.compile(r"[a-z][a-z0-9_-]*:\S+")


def _data_dir() -> Path:
    # A checkout keeps its data to itself, so that two checkouts never share an index.
    if (CHECKOUT / "pyproject.toml").exists():
        return CHECKOUT / ".greenask"
    return Path(platformdirs.user_data_dir("greenask"))


def _in_full(path: Path) -> Path:
    return path.expanduser().absolute()


def _tag(value: object) -> object:
    # zh-CN, zh_HK and the like are understood; what is no language of ours is left for the check to name.
    return parse(value) or value if isinstance(value, str) else value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _yes_or_no(value: object) -> object:
    said = str(value).strip().lower()
    return {"true": "yes", "1": "yes", "on": "yes", "false": "no", "0": "no", "off": "no"}.get(said, said)


def _ids(value: object) -> object:
    if not isinstance(value, str):
        return value
    parts = value.replace(",", " ").split()
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise PydanticCustomError("ids", "no list of numbers", {"expected": "123456789,987654321"})
    return frozenset(map(int, parts))


def _days(value: object) -> int:
    said = str(value).strip()
    if not (said.isascii() and said.isdigit() and 1 <= int(said) <= _LONGEST):
        raise PydanticCustomError("days", "no number of days", {"expected": f"1 … {_LONGEST}"})
    return int(said)


def _minutes(value: object) -> int:
    said = str(value).strip()
    if not (said.isascii() and said.isdigit() and 1 <= int(said) <= _DAY):
        raise PydanticCustomError("minutes", "no number of minutes", {"expected": f"1 … {_DAY}"})
    return int(said)


def _model(value: str) -> str:
    if not _MODEL.fullmatch(value):
        raise PydanticCustomError("model", "no model", {"expected": "openai:…, ollama:…, anthropic:…"})
    return value


def _jobs(value: object) -> object:
    if not isinstance(value, str):
        return value
    jobs = frozenset(value.lower().replace(",", " ").split())
    if not jobs <= set(MODEL_JOBS):
        raise PydanticCustomError("jobs", "no jobs", {"expected": ", ".join(MODEL_JOBS)})
    return jobs


def _whole(value: object) -> int:
    said = str(value).strip().replace(",", "").replace("_", "")
    if not (said.isascii() and said.isdigit()):
        raise PydanticCustomError("whole", "no whole number", {"expected": "0, 1, 2 …"})
    return int(said)


def _hash(value: SecretStr) -> SecretStr:
    if not TOKEN_HASH.fullmatch(value.get_secret_value()):
        raise PydanticCustomError("hash", "no hash of a token", {"expected": "what 'greenask staff hash' prints"})
    return value


def _telegram_token(value: SecretStr) -> SecretStr:
    if not TELEGRAM_TOKEN.fullmatch(value.get_secret_value().strip()):
        raise PydanticCustomError("token", "no token of a bot", {"expected": "123456789:ABC… as @BotFather gives it"})
    return SecretStr(value.get_secret_value().strip())


def _web(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?", value):
        raise PydanticCustomError("url", "no address of the web", {"expected": "https://…"})
    return value


def _host_and_port(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not (host and port.isascii() and port.isdigit() and int(port) < 65_536):
        raise PydanticCustomError("address", "no host and port", {"expected": "127.0.0.1:8081"})
    return value


class Settings(BaseSettings):
    """Everything that can be set. Secrets are masked wherever settings are shown."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    data_dir: Annotated[Path, AfterValidator(_in_full)] = Field(
        default_factory=_data_dir, description="Folder for the database, the index, the chat history and the log"
    )
    database_url: SecretStr | None = Field(
        default=None, description="SQLAlchemy URL of the knowledge base; default: knowledge.db in the data folder"
    )
    chroma_url: SecretStr | None = Field(
        default=None,
        description="URL of a Chroma server, such as http://localhost:8000; default: the store embedded in the index",
    )
    embedder: str = Field(
        default="use",
        description="Encoder: `use` (bundled), `quality` (slower, needs the extra `quality`) or a LangChain class, "
        "`package.module:Class?argument=value`",
    )
    glossary: Annotated[Path, AfterValidator(_in_full)] | None = Field(
        default=None, description="CSV file of your own terms in both languages (columns `en` and `zh`, words parted by `;`)"
    )
    lang: Annotated[Literal["en", "zh", "zh-Hant"] | None, BeforeValidator(_tag)] = Field(
        default=None,
        description="Language of messages where no question tells it: `en`, `zh` or `zh-Hant`; default: the system's",
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)] = Field(
        default="WARNING", description="How much is logged to standard error: DEBUG, INFO, WARNING, ERROR"
    )
    log_questions: Annotated[Literal["yes", "no"], BeforeValidator(_yes_or_no)] = Field(
        default="yes", description="Whether questions are logged for staff to see: `yes` or `no`"
    )
    log_retention_days: Annotated[int, BeforeValidator(_days)] = Field(
        default=180, description="Days that a logged question is kept"
    )
    log_key: SecretStr | None = Field(
        default=None,
        description="Key of the pseudonyms in the log, for several machines that share one; default: log.key in the data folder",
    )
    staff_telegram_ids: Annotated[frozenset[int], NoDecode, BeforeValidator(_ids)] = Field(
        default=frozenset(), description="Telegram user ids of staff, separated by commas"
    )
    staff_token_hash: Annotated[SecretStr, AfterValidator(_hash)] | None = Field(
        default=None, description="Hash of the staff's token for web and command line, made by `greenask staff hash`"
    )
    staff_token: SecretStr | None = Field(
        default=None, description="The token itself, for staff commands that nobody types it into"
    )
    conversation_minutes: Annotated[int, BeforeValidator(_minutes)] = Field(
        default=60, description="Minutes after which a conversation is forgotten"
    )
    stale_after_days: Annotated[int, BeforeValidator(_days)] = Field(
        default=730, description="Days after which a record or a source is due for review"
    )

    telegram_token: Annotated[SecretStr, AfterValidator(_telegram_token)] | None = Field(
        default=None, description="Token of the Telegram bot, from @BotFather"
    )
    telegram_api_url: Annotated[str, AfterValidator(_web)] | None = Field(
        default=None, description="URL of a Bot API server of your own, or of a mirror; default: https://api.telegram.org"
    )
    telegram_proxy: SecretStr | None = Field(
        default=None,
        description="Proxy on the way to Telegram, such as http://127.0.0.1:7890 or, with the package socksio, socks5://…",
    )
    telegram_webhook_url: Annotated[str, AfterValidator(_web)] | None = Field(
        default=None, description="Public https address of this machine for a webhook; default: updates are fetched (polling)"
    )
    telegram_listen: Annotated[str, AfterValidator(_host_and_port)] = Field(
        default="127.0.0.1:8081", description="Where the webhook listens behind your proxy, host:port"
    )
    telegram_per_minute: Annotated[int, Field(ge=1, le=6000)] = Field(
        default=20, description="Messages a minute that one person may send to the Telegram bot; staff may send more"
    )
    telegram_retention_days: Annotated[int, BeforeValidator(_days)] = Field(
        default=90, description="Days that replies, languages and conversations in Telegram are remembered"
    )

    @property
    def telegram_address(self) -> tuple[str, int]:
        """Host and port that the webhook listens on."""
        host, _, port = self.telegram_listen.rpartition(":")
        return host.strip("[]"), int(port)

    model: Annotated[str, AfterValidator(_model)] | None = Field(
        default=None,
        description="Language model, `provider:name`, such as `openai:gpt-5-mini`, `anthropic:claude-haiku-4-5` or "
        "`ollama:qwen3:8b` (needs the extra of its provider); default: none, and nothing is sent anywhere",
    )
    model_url: SecretStr | None = Field(
        default=None, description="URL of the model's server, for any that speaks its provider's protocol"
    )
    model_key: SecretStr | None = Field(
        default=None, description="Key for the model; default: the variable that its provider names, such as OPENAI_API_KEY"
    )
    model_jobs: Annotated[frozenset[str], NoDecode, BeforeValidator(_jobs)] = Field(
        default_factory=lambda: frozenset(MODEL_JOBS),
        description="What the model is used for, separated by commas: `write` (the lead of an answer), `rewrite` (long and "
        "tangled questions), `translate` (records, only when asked to)",
    )
    model_timeout: float = Field(default=20, ge=1, le=600, description="Seconds a question may wait for the model in all")
    model_concurrency: int = Field(default=4, ge=1, le=64, description="Requests to the model at the same time")
    model_tokens_a_day: Annotated[int, BeforeValidator(_whole)] = Field(
        default=2_000_000, description="Tokens the model may use up in a day; 0 is no limit"
    )
    model_tokens_a_user: Annotated[int, BeforeValidator(_whole)] = Field(
        default=100_000, description="Tokens that one user may use up in a day; 0 is no limit"
    )
    model_price_in: float | None = Field(default=None, ge=0, description="Price of a million tokens sent, for `greenask usage`")
    model_price_out: float | None = Field(
        default=None, ge=0, description="Price of a million tokens received, for `greenask usage`"
    )
    model_currency: str = Field(default="USD", max_length=8, description="Currency of these prices")

    @property
    def database(self) -> str:
        """The URL to connect to."""
        return self.database_url.get_secret_value() if self.database_url else f"sqlite:///{self.data_dir / 'knowledge.db'}"

    @property
    def chroma(self) -> str | None:
        """The URL of the Chroma server, if one is set."""
        return self.chroma_url.get_secret_value() if self.chroma_url else None

    @property
    def index_dir(self) -> Path:
        """Where the index lives."""
        return self.data_dir / "index"
