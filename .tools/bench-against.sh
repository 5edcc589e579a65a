#!/bin/sh
# Runs the Go benchmarks of this tree and of the commit $BASE in turn, $ROUNDS times, and
# prints benchstat's comparison. What the machine does to one side it then does to both.
set -eu

go=${GO:-go}
base=$(git rev-parse --verify "$BASE^{commit}")
rounds=${ROUNDS:-10}
bench=${BENCH:-.}
tmp=$(mktemp -d)
cleanup() {
	git worktree remove --force "$tmp/base" 2>/dev/null || true
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

git worktree add --quiet --detach "$tmp/base" "$base"
ln -s "$PWD" "$tmp/now"

# A package counts if both sides have it and its tests have benchmarks.
: >"$tmp/packages"
for dir in $(grep -rl --include='*_test.go' '^func Benchmark' . | xargs -n 1 dirname | sort -u); do
	[ -d "$tmp/base/$dir" ] || continue
	for side in base now; do
		mkdir -p "$tmp/bin/$side/$dir"
		(cd "$tmp/$side" && $go test -c -o "$tmp/bin/$side/$dir/test" "$dir")
	done
	echo "$dir" >>"$tmp/packages"
done

run() { # side
	while read -r dir; do
		[ -x "$tmp/bin/$1/$dir/test" ] || continue
		(cd "$tmp/$1/$dir" && "$tmp/bin/$1/$dir/test" -test.run '^$' -test.bench "$bench" -test.benchmem -test.benchtime 100ms </dev/null) >>"$tmp/$1.txt"
	done <"$tmp/packages"
}
round=1
while [ "$round" -le "$rounds" ]; do
	echo "round $round of $rounds" >&2
	if [ $((round % 2)) -eq 1 ]; then run base; run now; else run now; run base; fi
	round=$((round + 1))
done
$go tool -modfile=.tools/go.mod benchstat -ignore cpu "$(git rev-parse --short "$base")=$tmp/base.txt" "now=$tmp/now.txt"
