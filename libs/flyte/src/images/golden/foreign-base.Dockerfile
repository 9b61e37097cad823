FROM ghcr.io/acme/base:1.2
USER root
RUN --mount=type=cache,id=flyte-apt,target=/var/cache/flyte/apt,sharing=locked,mode=0777 \
    mkdir -p /var/cache/flyte/apt/partial && \
    apt-get update && \
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
      --option Dir::Cache::archives=/var/cache/flyte/apt git curl=7.88.1-10+deb12u8 && \
    rm -rf /var/lib/apt/lists/*
USER app
WORKDIR /srv/app
COPY ["files/1/", "bin/"]
COPY ["files/2/", "./src/"]
RUN --mount=type=secret,id=user-creds_ssh-key,target=/etc/flyte/secrets/user-creds/ssh-key,required=true,mode=0444 \
    --mount=type=secret,id=.netrc,target=/run/secrets/.netrc,required=true,mode=0444 \
    --mount=type=secret,id=plain-key,target=/run/secrets/plain-key,required=true,mode=0444 \
    ["/bin/sh", "-c", "PLAIN_KEY=\"$(cat /run/secrets/plain-key)\" && export PLAIN_KEY || exit 1\necho \"one\"\necho two"]
RUN --mount=type=secret,id=user-creds_ssh-key,target=/etc/flyte/secrets/user-creds/ssh-key,required=true,mode=0444 \
    --mount=type=secret,id=.netrc,target=/run/secrets/.netrc,required=true,mode=0444 \
    --mount=type=secret,id=plain-key,target=/run/secrets/plain-key,required=true,mode=0444 \
    ["/bin/sh", "-c", "PLAIN_KEY=\"$(cat /run/secrets/plain-key)\" && export PLAIN_KEY || exit 1\nls"]
