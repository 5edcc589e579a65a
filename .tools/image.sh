#!/bin/sh
# Builds the image with buildah, shows that it is the same twice, that the program in it is
# that of make build, and how large it is; then has crun serve from it. It takes root and
# Debian's buildah, crun and skopeo. Where the base image cannot be pulled, one with the Go
# and the shell of this machine takes its place. make image runs it.
set -eu

work=$(mktemp -d /var/tmp/tagifai-image-XXXXXX)
cleanup() {
	umount -R "$work"/storage/overlay/*/merged "$work/storage/overlay" 2>/dev/null || true
	rm -rf "$work"
}
trap cleanup EXIT
export TMPDIR="$work" # of what buildah caches
buildah() { command buildah --root "$work/storage" --runroot "$work/run" "$@"; }

base=$(sed -n 's/^FROM --platform=[^ ]* \([^ ]*\) AS build$/\1/p' Dockerfile)
if ! buildah pull -q "docker.io/library/$base" >/dev/null 2>&1; then
	echo "image: $base cannot be pulled; the Go and the shell of this machine stand for it" >&2
	c=$(buildah from scratch)
	root=$(buildah mount "$c")
	mkdir -p "$root/bin" "$root/usr/local" "$root/etc/ssl" "$root/root" "$root/go"
	mkdir -m 1777 "$root/tmp"
	cp -L /bin/sh "$root/bin/"
	ldd /bin/sh | grep -o '/[^ ]*' | while read -r lib; do mkdir -p "$root${lib%/*}" && cp -L "$lib" "$root$lib"; done
	cp -a "$($GO env GOROOT)" "$root/usr/local/go"
	cp -aL /etc/ssl/certs "$root/etc/ssl/"
	buildah config --env PATH=/usr/local/go/bin:/bin --env GOPATH=/go --env HOME=/root "$c"
	buildah umount "$c" >/dev/null
	buildah commit -q --rm "$c" "docker.io/library/$base" >/dev/null
fi

for n in 1 2; do
	buildah bud --quiet --format docker --isolation chroot --pull-never --no-cache --timestamp "$TIME" \
		--build-arg VERSION="$VERSION" --build-arg TARGETOS=linux --build-arg TARGETARCH="$($GO env GOARCH)" -t "tagifai:$n" . >/dev/null
	buildah push -q "tagifai:$n" "oci:$work/oci:$n"
done
skopeo inspect "oci:$work/oci:1" >"$work/1.json"
skopeo inspect "oci:$work/oci:2" >"$work/2.json"
cmp "$work/1.json" "$work/2.json" # digest, layers, labels
cat "$work/1.json"

c=$(buildah from tagifai:1)
root=$(buildah mount "$c")
cmp "$root/tagifai" bin/tagifai
[ "$(ls -A "$root")" = tagifai ]
layer=$(find "$work/oci/blobs" -type f -size +1M)
buildah inspect --format '{{.Docker.Config.Healthcheck}} {{.Docker.Config.User}} {{.Docker.Config.Entrypoint}} {{.Docker.Config.Cmd}}
' tagifai:1
echo "image: twice the same; the program of make build; $(stat -c %s "$layer") bytes compressed"

# Unprivileged, without capabilities, and with nothing to write to.
mkdir "$work/bundle"
cat >"$work/bundle/config.json" <<CONFIG
{"ociVersion": "1.0.0",
 "root": {"path": "$root", "readonly": true},
 "process": {"args": ["/tagifai", "serve"], "cwd": "/", "user": {"uid": 65532, "gid": 65532}, "noNewPrivileges": true,
  "capabilities": {}, "env": ["TAGIFAI_ADDR=127.0.0.1:$PORT", "TAGIFAI_DRAIN_DELAY=0s"]},
 "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}, {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["ro"]}],
 "linux": {"namespaces": [{"type": "pid"}, {"type": "ipc"}, {"type": "mount"}]}}
CONFIG
# crun refuses a machine with both versions of control groups: it is shown one.
export work PORT
unshare --mount sh -eu <<'RUN'
if grep -q ' cgroup ' /proc/mounts; then
	awk '$3 == "cgroup2" { print $2 }' /proc/mounts | xargs -r umount
fi
crun() { command crun --cgroup-manager=disabled --root "$work/crun" "$@"; }
crun run --bundle "$work/bundle" tagifai 2>"$work/serve.log" &
for _ in $(seq 100); do
	! curl -sf "http://127.0.0.1:$PORT/readyz" >/dev/null || break
	sleep 0.1
done
curl -sS --fail-with-body --json '{"texts": [{"text": "Object detection with YOLO"}]}' "http://127.0.0.1:$PORT/predict" || { cat "$work/serve.log"; exit 1; }
echo
crun exec tagifai /tagifai healthcheck
! printf 'text\na\n' | crun exec tagifai /tagifai batch --from - --from-format csv --to /out.csv 2>"$work/write.log"
grep 'read-only file system' "$work/write.log"
grep -E '^(Uid|CapBnd|NoNewPrivs)' "/proc/$(crun state tagifai | sed -n 's/.*"pid": \([0-9]*\).*/\1/p')/status"
crun kill tagifai TERM
wait
RUN
