# Both architectures: docker buildx build --platform linux/amd64,linux/arm64 -t pxanomaly .
FROM --platform=$BUILDPLATFORM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
# The kernel is WebAssembly and everything else JavaScript: what is built here runs on any architecture.
RUN node scripts/build.mjs && npm prune --omit=dev && rm -rf build/js/test build/js/bench

FROM node:22-bookworm-slim
LABEL org.opencontainers.image.title="pxanomaly" \
      org.opencontainers.image.description="Finds operational anomalies in service-to-service traffic from Pixie or any OTLP sender" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 pxanomaly && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin pxanomaly \
    && install -d -o 10001 -g 10001 /var/lib/pxanomaly
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/build ./build
COPY --from=build /app/bin ./bin
ENV NODE_ENV=production
USER 10001:10001
VOLUME /var/lib/pxanomaly
EXPOSE 4317 4318 8888 9464 13133
ENTRYPOINT ["node", "/app/bin/pxanomaly"]
CMD ["--config", "/etc/pxanomaly/config.yaml"]
