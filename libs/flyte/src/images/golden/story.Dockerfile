FROM python:3.12-slim-bookworm
RUN groupadd --gid 10001 flyte && \
    useradd --uid 10001 --gid 10001 --create-home --home-dir /home/flyte --shell /bin/sh flyte
WORKDIR /home/flyte
RUN --mount=type=secret,id=secret1,target=/run/secrets/secret1,required=true \
    --mount=type=cache,id=flyte-apt,target=/var/cache/flyte/apt,sharing=locked,mode=0777 \
    mkdir -p /var/cache/flyte/apt/partial && \
    apt-get update && \
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
      --option Dir::Cache::archives=/var/cache/flyte/apt vim && \
    rm -rf /var/lib/apt/lists/*
RUN --mount=type=secret,id=aws_id,target=/run/secrets/aws_id,required=true \
    --mount=type=cache,id=flyte-pip,target=/var/cache/flyte/pip,sharing=locked,mode=0777 \
    AWS_ACCESS_KEY_ID="$(cat /run/secrets/aws_id)" && \
    export AWS_ACCESS_KEY_ID && \
    export PIP_CACHE_DIR=/var/cache/flyte/pip PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore && \
    python3 -m pip install private-package
COPY --from=node:24-bookworm-slim /usr/local/bin/node /usr/local/bin/node
COPY --from=node:24-bookworm-slim /usr/local/lib/node_modules/npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && \
    ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx
RUN --mount=type=secret,id=npm-token,target=/run/secrets/npm-token,required=true \
    --mount=type=tmpfs,target=/run/flyte \
    --mount=type=cache,id=flyte-npm,target=/var/cache/flyte/npm,sharing=locked,mode=0777 \
    NPM_TOKEN="$(cat /run/secrets/npm-token)" && \
    export NPM_TOKEN && \
    printf '%s\n' @acme:registry=https://npm.acme.dev/ '//npm.acme.dev/:_authToken=${NPM_TOKEN}' > /run/flyte/npmrc && \
    export npm_config_userconfig=/run/flyte/npmrc && \
    export npm_config_cache=/var/cache/flyte/npm npm_config_logs_max=0 npm_config_update_notifier=false && \
    npm install --prefix /opt/flyte --no-audit --no-fund @acme/tools
RUN ln -sfn /opt/flyte/node_modules /node_modules
ENV PATH="/opt/flyte/node_modules/nestjs-flyte/bin:/opt/flyte/node_modules/.bin:$PATH"
USER 10001:10001
