# Interlingua as an image: the wheel with its extras, a fixed user without rights, nothing that builds.
#
#   docker build -t interlingua:0.1.0 .
#   docker run --init -p 127.0.0.1:8000:8000 -e INTERLINGUA_SERVER_KEY -v interlingua:/data interlingua:0.1.0
#   docker run --init --rm -v interlingua:/data -v ./docs:/docs:ro interlingua:0.1.0 ingest /docs
#
# Without a key the server would refuse to listen to others than its own container. Models other than the bundled one run
# in a server of their own (docker-compose.yml, profile gpu), so that torch is not in here; for models in this process:
# --build-arg EXTRAS=server,mcp,ui,datasets,models
# Scans and broken PDFs (docs/extraction.md) want --build-arg EXTRAS=server,mcp,ui,datasets,ocr and the languages that you
# have: --build-arg OCR="tesseract-ocr tesseract-ocr-osd tesseract-ocr-ara tesseract-ocr-hin"
ARG PYTHON=3.13.9-slim-trixie

FROM python:${PYTHON} AS wheel
WORKDIR /source
COPY pyproject.toml README.md LICENSE __init__.py py.typed ./
COPY app app
COPY connectors connectors
COPY examples/demo examples/demo
COPY retrieval retrieval
COPY ui ui
RUN python -m pip wheel --quiet --no-cache-dir --no-deps --wheel-dir /wheel .

FROM python:${PYTHON} AS install
ARG EXTRAS=server,mcp,ui,datasets
COPY --from=wheel /wheel /wheel
# Wheels only: what would need a compiler fails here (pycld2 on ARM does). The cache is the builder's.
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m venv --without-pip /opt/interlingua \
    && python -m pip --python /opt/interlingua/bin/python install --only-binary=:all: "$(ls /wheel/*.whl)[${EXTRAS}]"

FROM python:${PYTHON} AS runtime
ARG REVISION=""
LABEL org.opencontainers.image.title="Interlingua" \
      org.opencontainers.image.description="One index for every language: multilingual ingestion and retrieval on Qdrant" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
ARG OCR=""
RUN if [ -n "${OCR}" ]; then \
        apt-get update --quiet \
        && apt-get install --yes --quiet --no-install-recommends ${OCR} \
        && rm -rf /var/lib/apt/lists/*; \
    fi
RUN groupadd --gid 10001 interlingua \
    && useradd --uid 10001 --gid interlingua --no-create-home --home-dir /data --shell /usr/sbin/nologin interlingua \
    && install --directory --owner=interlingua --group=interlingua --mode=0700 /data
COPY --from=install /opt/interlingua /opt/interlingua
# HOME is where libraries cache: /tmp, so that the root file system can be read-only.
ENV PATH=/opt/interlingua/bin:${PATH} \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    INTERLINGUA_STORE=/data/index \
    INTERLINGUA_STATE=/data/state \
    INTERLINGUA_HOST=0.0.0.0 \
    INTERLINGUA_PORT=8000
WORKDIR /data
VOLUME /data
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Past any proxy that the environment names.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 CMD ["python", "-c", \
    "import os, urllib.request as u; u.build_opener(u.ProxyHandler({})).open('http://127.0.0.1:' + os.environ['INTERLINGUA_PORT'] + '/health', timeout=2)"]
ENTRYPOINT ["interlingua"]
CMD ["serve"]
