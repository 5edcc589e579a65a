# Needs BuildKit, the default builder since Docker 23, or buildah 1.28:
#   docker build --build-arg VERSION=$(git describe --tags --always) -t tagifai .
#   docker run --rm -p 8000:8000 --read-only --cap-drop ALL tagifai
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
WORKDIR /src

COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod \
    go mod download

COPY . .
ARG VERSION=dev
ARG TARGETOS
ARG TARGETARCH
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -buildvcs=false -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /out/tagifai ./cmd/tagifai

# The binary is the whole image, the default model being embedded in it: no shell, no
# certificates, and no time zones, so that its local time is UTC.
FROM scratch
COPY --from=build /out/tagifai /tagifai
# A number, so that Kubernetes can verify runAsNonRoot without a passwd file.
USER 65532:65532
EXPOSE 8000
# For Docker and Compose. Kubernetes asks GET /livez and /readyz instead.
HEALTHCHECK --interval=10s --timeout=6s --start-period=10s CMD ["/tagifai", "healthcheck"]
ARG VERSION=dev
LABEL org.opencontainers.image.title="TagIfAI" \
      org.opencontainers.image.description="A text classifier as a service" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION"
ENTRYPOINT ["/tagifai"]
CMD ["serve"]
