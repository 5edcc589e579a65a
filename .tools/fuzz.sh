#!/bin/sh
# Runs every fuzz target of the module for $FUZZTIME (10s), two targets at a time, each on one
# core.
set -eu

go=${GO:-go}
fuzztime=${FUZZTIME:-10s}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

# go test -list prints the names of a package's targets and then a line "ok <package>".
if ! $go test -list '^Fuzz' ./... >"$tmp/list"; then
	cat "$tmp/list"
	exit 1
fi
awk '/^Fuzz/ { names[++n] = $1 }
     $1 == "ok" { for (i = 1; i <= n; i++) print $2, names[i]; n = 0 }' "$tmp/list" >"$tmp/targets"

# attempt runs one target, shows what it prints and returns its exit code.
# Ten seconds are for finding inputs: by default the engine may spend sixty on making
# one of them smaller.
attempt() {
	{ $go test -run '^$' -fuzz "^$2\$" -fuzztime "$fuzztime" -fuzzminimizetime 20x -parallel 1 "$1" </dev/null 2>&1 || echo $? >"$tmp/status"; } | tee "$tmp/log"
	[ ! -e "$tmp/status" ] || { code=$(cat "$tmp/status"); rm "$tmp/status"; return "$code"; }
}

# give_up shows the input that the last attempt wrote, in case nobody can fetch the file.
give_up() {
	file=$(sed -n 's/.*Failing input written to //p' "$tmp/log")
	[ -z "$file" ] || cat "$($go list -f '{{.Dir}}' "$1")/$file"
	exit 1
}

# lane runs every second target, from the first or the second on.
lane() {
	mkdir "$tmp/$1"
	awk -v lane="$1" 'NR % 2 == lane' "$tmp/targets" >"$tmp/$1/targets"
	tmp=$tmp/$1
	while read -r package name; do
		echo "-- $name $package"
		if ! attempt "$package" "$name"; then
			# Before Go 1.27 the end of -fuzztime can race the workers and be reported as a
			# failure without an input (go.dev/issue/75804). A real failure writes its input
			# to testdata, which fails the second run as well.
			grep -q '^ *context deadline exceeded$' "$tmp/log" || give_up "$package"
			! grep -q 'Failing input written' "$tmp/log" || give_up "$package"
			echo "-- $name once more: what failed was the engine's own deadline"
			attempt "$package" "$name" || give_up "$package"
		fi
	done <"$tmp/targets"
}

(lane 1) &
other=$!
code=0
(lane 0) || code=$?
wait "$other" || code=$?
[ "$code" -eq 0 ] || exit "$code"
echo "$(wc -l <"$tmp/targets") fuzz targets passed"
