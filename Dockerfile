# One image for all roles; which one a container has, its command says (docker-compose.yml).
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY . .
RUN npm ci && npm run typecheck

FROM node:20-bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends ffmpeg \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENV NODE_ENV=production
COPY package.json package-lock.json ./
COPY protocol/package.json protocol/
COPY server/package.json server/
COPY tracker/package.json tracker/
RUN npm ci --omit=dev --ignore-scripts -w @shoal/protocol -w @shoal/server -w @shoal/tracker
COPY --from=build /app/protocol/dist protocol/dist
COPY --from=build /app/server/dist server/dist
COPY --from=build /app/tracker/dist tracker/dist
RUN mkdir /data && chown node:node /data
VOLUME /data
USER node
CMD ["node", "server/dist/cli/main.js", "--help"]
