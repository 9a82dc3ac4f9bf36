# qund in a container: built on Debian 13 and run on it, as a user of its own, data in /data.
#   docker build -t qund . && docker run -p 127.0.0.1:8720:8720 -v qund:/data qund
# The admin token is printed at the first start (docker logs). docs/install.md says more.
FROM debian:trixie-slim AS build
WORKDIR /src
COPY scripts/deps scripts/
RUN scripts/deps build
COPY . .
RUN cmake --preset release -DCMAKE_INSTALL_PREFIX=/usr \
    && cmake --build --preset release \
    && DESTDIR=/out cmake --install build/release --strip

FROM debian:trixie-slim
RUN printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d \
    && apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        ca-certificates libcurl4t64 libfyaml0 libhiredis1.1.0 libjansson4 libpcre2-8-0 \
        libsodium23 libsqlite3-0 libssl3t64 libutf8proc3 libuv1t64 libvectorscan5 \
        libwebsockets-evlib-uv libwebsockets19t64 redis-server tzdata zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 8720 --no-create-home --home-dir /data --shell /usr/sbin/nologin qund \
    && install -d -o qund -g qund -m 0700 /data
COPY --from=build /out/ /
USER qund
ENV QUND_DATA=/data
VOLUME /data
EXPOSE 8720
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["qund", "status"]
# Outside a container qund listens on loopback; here the published port decides who reaches it.
ENTRYPOINT ["qund"]
CMD ["serve", "--listen", "0.0.0.0:8720"]
