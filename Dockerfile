# syntax=docker/dockerfile:1

FROM python:3.13-slim-bookworm AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir "uv>=0.9,<1"
WORKDIR /src
# The dependencies alone first: they change less often than the code.
COPY pyproject.toml README.md LICENSE uv.loc[k] ./
RUN uv sync --no-dev --no-install-project
COPY . .
RUN uv sync --no-dev --no-editable

FROM python:3.13-slim-bookworm
# The allocator of the embedded Valkey (docs/bench.md); a security update is welcome, so no version is pinned.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends libjemalloc2 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/hotline --shell /usr/sbin/nologin hotline \
    && install --directory --owner=hotline --mode=0700 /var/lib/hotline/data
COPY --from=build --chown=root:root /src/.venv /src/.venv
ENV PATH=/src/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOTLINE_HOST=0.0.0.0 \
    HOTLINE_PORT=8000 \
    HOTLINE_DATA_DIR=/var/lib/hotline/data
USER 10001
WORKDIR /var/lib/hotline
VOLUME /var/lib/hotline/data
EXPOSE 8000
# Alive is enough: a hotline whose stores are away still answers, and must not be restarted for it.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["hotline"]
CMD ["serve"]
