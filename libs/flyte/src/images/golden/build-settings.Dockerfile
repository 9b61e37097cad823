FROM python:3.12-slim-bookworm
RUN groupadd --gid 10001 flyte && \
    useradd --uid 10001 --gid 10001 --create-home --home-dir /home/flyte --shell /bin/sh flyte
WORKDIR /home/flyte
COPY ["files/1/", "/usr/local/share/ca-certificates/"]
RUN mkdir -p /etc/ssl/certs && \
    { echo; cat /usr/local/share/ca-certificates/flyte-build.crt; } >> /etc/ssl/certs/ca-certificates.crt
ENV NODE_EXTRA_CA_CERTS="/usr/local/share/ca-certificates/flyte-build.crt"
ENV SSL_CERT_FILE="/etc/ssl/certs/ca-certificates.crt"
ENV PIP_CERT="/etc/ssl/certs/ca-certificates.crt"
RUN --mount=type=secret,id=pypi-token,target=/run/secrets/pypi-token,required=true \
    --mount=type=cache,id=flyte-pip,target=/var/cache/flyte/pip,sharing=locked,mode=0777 \
    PYPI_TOKEN="$(cat /run/secrets/pypi-token)" && \
    export PYPI_TOKEN && \
    export PIP_CACHE_DIR=/var/cache/flyte/pip PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore && \
    python3 -m pip install --index-url https://ci:"${PYPI_TOKEN}"@pypi.acme.dev/simple --extra-index-url https://models.acme.dev/simple pandas
COPY --from=node:24-bookworm-slim /usr/local/bin/node /usr/local/bin/node
COPY --from=node:24-bookworm-slim /usr/local/lib/node_modules/npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && \
    ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx
RUN --mount=type=secret,id=npm-token,target=/run/secrets/npm-token,required=true \
    --mount=type=tmpfs,target=/run/flyte \
    --mount=type=cache,id=flyte-npm,target=/var/cache/flyte/npm,sharing=locked,mode=0777 \
    NPM_TOKEN="$(cat /run/secrets/npm-token)" && \
    export NPM_TOKEN && \
    printf '%s\n' registry=https://npm.acme.dev/ '//npm.acme.dev/:_authToken=${NPM_TOKEN}' @acme:registry=https://other.acme.dev/ > /run/flyte/npmrc && \
    export npm_config_userconfig=/run/flyte/npmrc && \
    export npm_config_cache=/var/cache/flyte/npm npm_config_logs_max=0 npm_config_update_notifier=false && \
    npm install --prefix /opt/flyte --no-audit --no-fund zod
RUN ln -sfn /opt/flyte/node_modules /node_modules
ENV PATH="/opt/flyte/node_modules/nestjs-flyte/bin:/opt/flyte/node_modules/.bin:$PATH"
COPY ["files/2/", "/opt/flyte/nestjs-flyte/"]
RUN --mount=type=secret,id=npm-token,target=/run/secrets/npm-token,required=true \
    --mount=type=tmpfs,target=/run/flyte \
    --mount=type=cache,id=flyte-npm,target=/var/cache/flyte/npm,sharing=locked,mode=0777 \
    NPM_TOKEN="$(cat /run/secrets/npm-token)" && \
    export NPM_TOKEN && \
    printf '%s\n' registry=https://npm.acme.dev/ '//npm.acme.dev/:_authToken=${NPM_TOKEN}' > /run/flyte/npmrc && \
    export npm_config_userconfig=/run/flyte/npmrc && \
    export npm_config_cache=/var/cache/flyte/npm npm_config_logs_max=0 npm_config_update_notifier=false && \
    npm install --prefix /opt/flyte --no-audit --no-fund /opt/flyte/nestjs-flyte
USER 10001:10001
