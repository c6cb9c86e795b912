# Mixdesk as a server beside Kafka, PostgreSQL and ClickHouse servers; see docker-compose.yml.
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY apps/server/package.json apps/server/
COPY apps/cli/package.json apps/cli/
COPY apps/cli/bin apps/cli/bin
COPY libs/policies/package.json libs/policies/
COPY libs/contracts/package.json libs/contracts/
COPY libs/mixture/package.json libs/mixture/
COPY libs/simulation/package.json libs/simulation/
COPY libs/agent/package.json libs/agent/
COPY libs/engines/package.json libs/engines/
COPY libs/event-store/package.json libs/event-store/
COPY libs/messaging/package.json libs/messaging/
COPY libs/conformance/package.json libs/conformance/
COPY libs/analytics/package.json libs/analytics/
RUN npm ci
COPY tsconfig.json tsconfig.base.json ./
COPY libs libs
COPY apps/server apps/server
COPY apps/cli apps/cli
COPY migrations migrations
RUN npm run build && npm prune --omit=dev \
  && rm -rf node_modules/onnxruntime-node/bin/napi-v6/darwin node_modules/onnxruntime-node/bin/napi-v6/win32

FROM node:20-bookworm-slim
ENV NODE_ENV=production UV_THREADPOOL_SIZE=16 MIXDESK_HOME=/var/lib/mixdesk
WORKDIR /app
COPY --from=build /app /app
RUN mkdir -p /var/lib/mixdesk && chown node:node /var/lib/mixdesk
USER node
EXPOSE 8777
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8777/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "apps/cli/bin/mixdesk.cjs", "start"]
