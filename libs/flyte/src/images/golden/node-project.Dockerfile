FROM node:24-bookworm-slim
RUN groupadd --gid 10001 flyte && \
    useradd --uid 10001 --gid 10001 --create-home --home-dir /home/flyte --shell /bin/sh flyte
WORKDIR /home/flyte
COPY ["files/1/", "./"]
RUN --mount=type=secret,id=npm-token,target=/run/secrets/npm-token,required=true \
    --mount=type=tmpfs,target=/run/flyte \
    --mount=type=cache,id=flyte-npm,target=/var/cache/flyte/npm,sharing=locked,mode=0777 \
    NPM_TOKEN="$(cat /run/secrets/npm-token)" && \
    export NPM_TOKEN && \
    printf '%s\n' @acme:registry=https://npm.acme.dev/ '//npm.acme.dev/:_authToken=${NPM_TOKEN}' > /run/flyte/npmrc && \
    export npm_config_userconfig=/run/flyte/npmrc && \
    export npm_config_cache=/var/cache/flyte/npm npm_config_logs_max=0 npm_config_update_notifier=false && \
    npm ci --omit=dev --no-audit --no-fund --ignore-scripts
COPY ["files/2/", "./"]
RUN --mount=type=cache,id=flyte-npm,target=/var/cache/flyte/npm,sharing=locked,mode=0777 \
    export npm_config_cache=/var/cache/flyte/npm npm_config_logs_max=0 npm_config_update_notifier=false && \
    if grep -qs '"link": true' npm-shrinkwrap.json package-lock.json; then npm rebuild --ignore-scripts; fi
ENV PATH="/home/flyte/node_modules/nestjs-flyte/bin:/home/flyte/node_modules/.bin:$PATH"
ENV NODE_ENV="production"
ENV GREETING="\"it's\" \\ \$HOME"
ENV PATH="/opt/tools:$PATH"
LABEL "org.opencontainers.image.source"="https://github.com/acme/app"
USER 10001:10001
