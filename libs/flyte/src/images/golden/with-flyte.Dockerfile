FROM python:3.13-slim-bookworm
RUN groupadd --gid 10001 flyte && \
    useradd --uid 10001 --gid 10001 --create-home --home-dir /home/flyte --shell /bin/sh flyte
WORKDIR /home/flyte
COPY ["files/1/", "/opt/flyte/nestjs-flyte/"]
COPY --from=node:22-bookworm-slim /usr/local/bin/node /usr/local/bin/node
COPY --from=node:22-bookworm-slim /usr/local/lib/node_modules/npm /usr/local/lib/node_modules/npm
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
    npm install --prefix /opt/flyte --no-audit --no-fund /opt/flyte/nestjs-flyte
RUN ln -sfn /opt/flyte/node_modules /node_modules
ENV PATH="/opt/flyte/node_modules/nestjs-flyte/bin:/opt/flyte/node_modules/.bin:$PATH"
USER 10001:10001
