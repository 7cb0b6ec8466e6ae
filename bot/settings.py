"""Settings: one frozen object, read once from GREENASK_* variables (and a .env file beside where the command runs)."""

from __future__ import annotations

from pathlib import Path

import platformdirs
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

CHECKOUT = Path(__file__).resolve().parent.parent


def _data_dir() -> Path:
    # A checkout keeps its data to itself, so that two checkouts never share an index.
    if (CHECKOUT / "pyproject.toml").exists():
        return CHECKOUT / ".greenask"
    return Path(platformdirs.user_data_dir("greenask"))


class Settings(BaseSettings):
    """Everything that can be set. Secrets are masked wherever settings are shown."""

    model_config = SettingsConfigDict(env_prefix="GREENASK_", env_file=".env", extra="ignore", frozen=True)

    data_dir: Path = Field(default_factory=_data_dir, description="Folder for the database, the index and the chat history")
    database_url: SecretStr | None = Field(
        default=None, description="SQLAlchemy URL of the knowledge base; default: knowledge.db in the data folder"
    )
    embedder: str = Field(
        default="use", description="Encoder: `use` (bundled) or a LangChain class, `package.module:Class?argument=value`"
    )
    lang: str | None = Field(
        default=None, description="Language of messages where no question tells it: `en`, `zh` or `zh-Hant`; default: the system's"
    )
    log_level: str = Field(default="WARNING", description="How much is logged to standard error: DEBUG, INFO, WARNING, ERROR")

    @property
    def database(self) -> str:
        """The URL to connect to."""
        return self.database_url.get_secret_value() if self.database_url else f"sqlite:///{self.data_dir / 'knowledge.db'}"

    @property
    def index_dir(self) -> Path:
        """Where the index lives."""
        return self.data_dir / "index"
