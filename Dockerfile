# syntax=docker/dockerfile:1
# Two stages: the first installs and builds the index, the second serves. No torch in either.
FROM python:3.11-slim-bookworm AS build
WORKDIR /app
RUN python -m venv /app/.venv
ENV PATH="/app/.venv/bin:$PATH" PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY pyproject.toml README.md ./
COPY bot bot
COPY indexer indexer
COPY knowledge_base knowledge_base
COPY motcua motcua
RUN pip install --no-cache-dir --editable . && motcua index --quiet

FROM python:3.11-slim-bookworm
RUN useradd --create-home --uid 10001 motcua && mkdir -p /app/var && chown motcua /app/var
WORKDIR /app
COPY --from=build --chown=motcua /app /app
ENV PATH="/app/.venv/bin:$PATH" PYTHONUNBUFFERED=1 MOTCUA_HOST=0.0.0.0 MOTCUA_PORT=8000 \
    DATABASE_URL=sqlite:////app/var/motcua.db MOTCUA_INDEX_DIR=/app/var/index
USER motcua
VOLUME /app/var
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# a volume that already holds an older index gets the new one; nothing to do otherwise
CMD ["sh", "-c", "motcua index --quiet && exec motcua serve"]
