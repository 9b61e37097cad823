FROM python:3.12-slim-bookworm
RUN groupadd --gid 10001 flyte && \
    useradd --uid 10001 --gid 10001 --create-home --home-dir /home/flyte --shell /bin/sh flyte
WORKDIR /home/flyte
RUN --mount=type=secret,id=pypi-token,target=/run/secrets/pypi-token,required=true \
    --mount=type=cache,id=flyte-pip,target=/var/cache/flyte/pip,sharing=locked,mode=0777 \
    PYPI_TOKEN="$(cat /run/secrets/pypi-token)" && \
    export PYPI_TOKEN && \
    export PIP_CACHE_DIR=/var/cache/flyte/pip PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore && \
    python3 -m pip install --index-url https://ci:"${PYPI_TOKEN}"@pypi.acme.dev/simple --extra-index-url https://pypi.org/simple --pre --no-deps '--config-settings=a=b c' 'acme[s3]>=2,<3' 'numpy==2.1.0; python_version<"3.14"'
USER 10001:10001
