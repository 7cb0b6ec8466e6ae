"""Settings: one frozen object, read once from GREENASK_* variables (and a .env file beside where the command runs)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from retrieval.language import parse

PREFIX = "GREENASK_"
CHECKOUT = Path(__file__).resolve().parent.parent


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
        description="Encoder: `use` (bundled) or a LangChain class, `package.module:Class?argument=value`",
    )
    lang: Annotated[Literal["en", "zh", "zh-Hant"] | None, BeforeValidator(_tag)] = Field(
        default=None,
        description="Language of messages where no question tells it: `en`, `zh` or `zh-Hant`; default: the system's",
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)] = Field(
        default="WARNING", description="How much is logged to standard error: DEBUG, INFO, WARNING, ERROR"
    )

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
