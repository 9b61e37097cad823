FROM node:24-bookworm-slim
RUN groupadd --gid 10001 flyte && \
    useradd --uid 10001 --gid 10001 --create-home --home-dir /home/flyte --shell /bin/sh flyte
WORKDIR /home/flyte
RUN --mount=type=secret,id=npm,target=/run/secrets/npm,required=true \
    --mount=type=tmpfs,target=/run/flyte \
    --mount=type=cache,id=flyte-npm,target=/var/cache/flyte/npm,sharing=locked,mode=0777 \
    FLYTE_NPM_TOKEN_2="$(cat /run/secrets/npm)" && \
    export FLYTE_NPM_TOKEN_2 && \
    printf '%s\n' registry=https://mirror.acme.dev/npm/ @acme:registry=https://npm.acme.dev/ '//npm.acme.dev/:_authToken=${FLYTE_NPM_TOKEN_2}' > /run/flyte/npmrc && \
    export npm_config_userconfig=/run/flyte/npmrc && \
    export npm_config_cache=/var/cache/flyte/npm npm_config_logs_max=0 npm_config_update_notifier=false && \
    npm install --prefix /opt/flyte --no-audit --no-fund '@acme/tools@^2' zod@4
RUN ln -sfn /opt/flyte/node_modules /node_modules
ENV PATH="/opt/flyte/node_modules/nestjs-flyte/bin:/opt/flyte/node_modules/.bin:$PATH"
USER 10001:10001
