"""Providers: LangChain's chat model for a setting such as ``openai:gpt-5-mini``, and what has to be installed for it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from bot.model.errors import ModelMissing
from bot.settings import Settings
from bot.speech import Speech

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

# Providers that have an extra of their own, and the package that the extra brings.
EXTRAS: Mapping[str, str] = {"openai": "langchain_openai", "ollama": "langchain_ollama", "anthropic": "langchain_anthropic"}
MOST_BYTES = 400_000  # of one reply on the wire, where every token is wrapped in JSON
_NO_KEY = "none"  # servers on premises want none, and client libraries refuse to go without


def lost(model: str) -> str | None:
    """The package that a model's provider needs, by the name it is installed by; None when it is there."""
    provider = model.partition(":")[0]
    package = EXTRAS.get(provider, f"langchain_{provider.replace('-', '_')}")
    return None if importlib.util.find_spec(package) is not None else package.replace("_", "-")


def install(model: str) -> str:
    """The command that installs it."""
    provider = model.partition(":")[0]
    return f'pip install "{f"greenask[{provider}]" if provider in EXTRAS else lost(model)}"'


def check(model: str, speech: Speech) -> None:
    """Refuse a model whose provider's package is missing, with what to install."""
    package, provider = lost(model), model.partition(":")[0]
    if package is None:
        return
    if provider in EXTRAS:
        raise ModelMissing(speech.say("model_extra_missing", model=model, extra=provider))
    raise ModelMissing(speech.say("model_unknown", model=model, package=package, known=", ".join(EXTRAS)))


def make(settings: Settings) -> BaseChatModel:
    """The chat model that the settings name. Retries and time limits are ours, so its own are off."""
    from langchain.chat_models import init_chat_model

    assert settings.model is not None
    provider, _, name = settings.model.partition(":")
    arguments: dict[str, Any] = _ARGUMENTS.get(provider, _others)(settings)
    found: BaseChatModel = init_chat_model(name, model_provider=provider, **arguments)
    if provider == "anthropic":
        _own_client(found, settings)
    return found


async def leave(model: BaseChatModel) -> None:
    """Close the connections of a model; client libraries do it in ways of their own."""
    of_its_own = getattr(model, "_async_client", None)
    for client in (getattr(model, "root_async_client", None), getattr(of_its_own, "_client", None) or of_its_own):
        close = getattr(client, "aclose", None) or getattr(client, "close", None)
        if close is not None:
            await close()


def forms(provider: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """How a provider is told the schema of a reply; by nothing but the prompt where it knows none."""
    if provider == "openai":
        return lambda schema: {
            "response_format": {"type": "json_schema", "json_schema": {"name": "reply", "schema": dict(schema), "strict": True}}
        }
    if provider == "ollama":
        return lambda schema: {"format": dict(schema)}
    return lambda _: {}


def _openai(settings: Settings) -> dict[str, Any]:
    import httpx2

    arguments: dict[str, Any] = {
        "timeout": settings.model_timeout,
        "max_retries": 0,
        "stream_usage": True,
        "use_responses_api": False,
        "http_async_client": _client(httpx2, settings),
        **_secrets(settings, url="base_url", key="api_key"),
    }
    if settings.model_url is not None:
        arguments.setdefault("api_key", _NO_KEY)
    return arguments


def _ollama(settings: Settings) -> dict[str, Any]:
    import httpx

    client: dict[str, Any] = {"transport": _transport(httpx, settings.model_key), "timeout": settings.model_timeout}
    return {"async_client_kwargs": client, **_secrets(settings, url="base_url")}


def _own_client(model: Any, settings: Settings) -> None:
    """Give Anthropic's model a client of its own: langchain-anthropic shares one among event loops, and it reads without end."""
    import anthropic
    import httpx2

    model.__dict__["_async_client"] = anthropic.AsyncClient(**model._client_params, http_client=_client(httpx2, settings))


def _others(settings: Settings) -> dict[str, Any]:
    limits = {"timeout": settings.model_timeout, "max_retries": 0}
    return {**limits, **_secrets(settings, url="base_url", key="api_key")}


_ARGUMENTS: Mapping[str, Callable[[Settings], dict[str, Any]]] = {"openai": _openai, "ollama": _ollama}


def _secrets(settings: Settings, **names: str) -> dict[str, Any]:
    found = {"url": settings.model_url, "key": settings.model_key}
    return {names[name]: value.get_secret_value() for name, value in found.items() if value is not None and name in names}


def _body(httpx: Any) -> Any:
    """The class of a body that is read no further than MOST_BYTES, before anything makes lines or JSON of it."""
    from bot.model.health import ModelFailed

    class Body(httpx.AsyncByteStream):  # type: ignore[misc]
        def __init__(self, stream: Any) -> None:
            self._stream = stream

        async def __aiter__(self) -> Any:
            read = 0
            async for piece in self._stream:
                read += len(piece)
                if read > MOST_BYTES:
                    raise ModelFailed("long")
                yield piece

        async def aclose(self) -> None:
            await self._stream.aclose()

    return Body


def _client(httpx: Any, settings: Settings) -> Any:
    """A client with bounded replies, which minds the proxies of the environment as any client does."""
    body = _body(httpx)

    class Client(httpx.AsyncClient):  # type: ignore[misc]
        async def send(self, request: Any, **options: Any) -> Any:
            response = await super().send(request, **{**options, "stream": True})
            response.stream = body(response.stream)
            if not options.get("stream"):
                await response.aread()
            return response

    return Client(timeout=settings.model_timeout, follow_redirects=False)


def _transport(httpx: Any, key: SecretStr | None) -> Any:
    """The same as a transport, for a library that makes its client itself. It has the key, too, where nothing prints it."""
    body = _body(httpx)

    class Transport(httpx.AsyncHTTPTransport):  # type: ignore[misc]
        async def handle_async_request(self, request: Any) -> Any:
            if key is not None:
                request.headers["Authorization"] = f"Bearer {key.get_secret_value()}"
            response = await super().handle_async_request(request)
            response.stream = body(response.stream)
            return response

    return Transport()
